//! All routes. What is registered here is in the OpenAPI document: `.service(handler)` is the only way in.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{carts, catalog, checkout, http, inventory, orders, webhooks_in};

/// The documented routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(catalog::routes::list_products)
        .service(catalog::routes::get_product)
        .service(catalog::routes::get_variant)
        .service(carts::routes::create_cart)
        .service(carts::routes::get_cart)
        .service(carts::routes::update_cart)
        .service(carts::routes::add_line_item)
        .service(carts::routes::update_line_item)
        .service(carts::routes::remove_line_item)
        .service(checkout::routes::create_checkout)
        .service(checkout::routes::get_checkout)
        .service(checkout::routes::cancel_checkout)
        .service(orders::routes::get_order)
        .service(webhooks_in::routes::receive_stripe_webhook)
        .service(catalog::admin::create_product)
        .service(catalog::admin::list_all_products)
        .service(catalog::admin::get_any_product)
        .service(catalog::admin::update_product)
        .service(catalog::admin::update_variant)
        .service(inventory::routes::adjust_stock)
        .service(orders::admin::list_orders)
        .service(orders::admin::get_any_order)
        .service(http::operation::get_livez)
        .service(http::operation::get_readyz);
}
