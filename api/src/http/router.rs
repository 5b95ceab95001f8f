//! All routes. What is registered here is in the OpenAPI document: `.service(handler)` is the only way in.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    alerts, analytics, attention, audit, carts, catalog, checkout, collections, customers, discounts, disputes,
    fulfillments, fx, http, imports, inventory, invoices, jobs, labels, live, mail, orders, quotes, refunds, shipping,
    staff, store, tax, webhooks_in, webhooks_out,
};

/// What routes are put into: a server, or its document.
pub trait Routes {
    /// Adds a documented handler.
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, handler: F) -> &mut Self;
}

/// Each worker's server. The document is left out, as it would take tens of megabytes for each.
impl Routes for web::ServiceConfig {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, handler: F) -> &mut Self {
        Self::service(self, handler)
    }
}

/// A server with its document.
impl Routes for ServiceConfig<'_> {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, handler: F) -> &mut Self {
        Self::service(self, handler)
    }
}

/// The documented routes.
pub fn routes(config: &mut impl Routes) {
    // What has one path is compared with that alone; of the others each is tried in turn.
    config
        .service(webhooks_in::routes::receive_stripe_webhook)
        .service(webhooks_in::shippo::receive_shippo_webhook)
        .service(http::operation::get_livez)
        .service(http::operation::get_readyz)
        .service(http::metrics::get_metrics);
    for_shoppers(config);
    for_customers(config);
    for_staff(config);
    for_operators(config);
    for_integrators(config);
    for_warehouse(config);
    for_accountants(config);
    for_mail(config);
    for_readers_of_mail(config);
    for_staff_accounts(config);
    for_auditors(config);
    for_dashboards(config);
    for_analysts(config);
}

fn for_shoppers(config: &mut impl Routes) {
    config
        .service(store::get_store)
        .service(catalog::routes::list_products)
        .service(catalog::routes::get_product)
        .service(catalog::routes::get_variant)
        .service(collections::routes::list_collections)
        .service(collections::routes::get_collection)
        .service(carts::routes::create_cart)
        .service(carts::routes::get_cart)
        .service(carts::routes::update_cart)
        .service(carts::routes::add_line_item)
        .service(carts::routes::update_line_item)
        .service(carts::routes::remove_line_item)
        .service(carts::routes::list_shipping_rates)
        .service(carts::routes::choose_shipping_rate)
        .service(carts::explain::explain_cart_totals)
        .service(carts::discount_codes::add_discount_code)
        .service(carts::discount_codes::remove_discount_code)
        .service(quotes::routes::create_quote)
        .service(checkout::routes::create_checkout)
        .service(checkout::routes::get_checkout)
        .service(checkout::routes::cancel_checkout)
        .service(orders::routes::get_order)
        .service(orders::routes::cancel_my_order)
        .service(refunds::routes::list_my_refunds)
        .service(invoices::routes::get_invoice)
        .service(invoices::routes::list_order_invoices)
        .service(invoices::routes::get_order_invoice);
}

fn for_customers(config: &mut impl Routes) {
    config
        .service(customers::account_routes::create_customer)
        .service(customers::account_routes::verify_customer)
        .service(customers::account_routes::request_password_reset)
        .service(customers::account_routes::reset_password)
        .service(customers::account_routes::create_order_lookup)
        .service(customers::session_routes::create_customer_session)
        .service(customers::session_routes::refresh_customer_session)
        .service(customers::session_routes::delete_customer_session)
        .service(customers::session_routes::list_customer_sessions)
        .service(customers::session_routes::revoke_customer_session)
        .service(customers::me_routes::get_customer)
        .service(customers::me_routes::update_customer)
        .service(customers::me_routes::change_password)
        .service(customers::me_routes::list_customer_orders)
        .service(customers::address_routes::list_customer_addresses)
        .service(customers::address_routes::create_customer_address)
        .service(customers::address_routes::update_customer_address)
        .service(customers::address_routes::delete_customer_address)
        .service(customers::claim::claim_cart);
}

fn for_staff(config: &mut impl Routes) {
    config
        .service(catalog::admin::create_product)
        .service(catalog::admin::list_all_products)
        .service(catalog::admin::get_any_product)
        .service(catalog::admin::update_product)
        .service(catalog::admin::delete_product)
        .service(catalog::variant_admin::create_variant)
        .service(catalog::variant_admin::get_any_variant)
        .service(catalog::variant_admin::update_variant)
        .service(catalog::variant_admin::delete_variant)
        .service(collections::admin::create_collection)
        .service(collections::admin::list_all_collections)
        .service(collections::admin::get_any_collection)
        .service(collections::admin::update_collection)
        .service(collections::admin::delete_collection)
        .service(collections::admin::add_collection_product)
        .service(collections::admin::remove_collection_product)
        .service(inventory::routes::adjust_stock)
        .service(inventory::routes::list_stock_movements)
        .service(imports::routes::create_import)
        .service(imports::routes::list_imports)
        .service(imports::routes::get_import)
        .service(imports::routes::list_import_rows)
        .service(imports::export_routes::export_products)
        .service(shipping::admin::create_shipping_zone)
        .service(shipping::admin::list_shipping_zones)
        .service(shipping::admin::get_shipping_zone)
        .service(shipping::admin::update_shipping_zone)
        .service(shipping::admin::delete_shipping_zone)
        .service(shipping::settings_admin::get_shipping_settings)
        .service(shipping::settings_admin::update_shipping_settings)
        .service(fx::admin::get_currency_settings)
        .service(fx::admin::update_currency_settings)
        .service(fx::admin::list_exchange_rates)
        .service(fx::admin::set_exchange_rate)
        .service(tax::admin::get_tax_settings)
        .service(tax::admin::update_tax_settings)
        .service(tax::admin::set_tax_exemption)
        .service(carts::explain::explain_any_cart_totals)
        .service(discounts::admin::create_discount)
        .service(discounts::admin::list_discounts)
        .service(discounts::admin::get_discount)
        .service(discounts::admin::update_discount)
        .service(discounts::admin::delete_discount)
        .service(discounts::code_admin::create_discount_codes)
        .service(discounts::code_admin::list_discount_codes)
        .service(discounts::code_admin::delete_discount_code)
        .service(orders::admin::get_any_order)
        .service(orders::admin::cancel_order)
        .service(orders::admin::decide_payment_review)
        .service(refunds::admin::create_refund)
        .service(refunds::admin::preview_refund)
        .service(refunds::admin::list_refunds)
        .service(refunds::admin::get_refund)
        .service(disputes::admin::reverse_dispute_tax)
        .service(checkout::admin::list_holds)
        .service(checkout::admin::release_hold);
}

fn for_operators(config: &mut impl Routes) {
    config
        .service(webhooks_in::attempt_admin::list_inbox_attempts)
        .service(webhooks_in::attempt_admin::list_inbox_refusals)
        .service(webhooks_in::admin::list_inbox_events)
        .service(webhooks_in::admin::retry_inbox_events)
        .service(webhooks_in::admin::get_inbox_event)
        .service(webhooks_in::admin::retry_inbox_event)
        .service(webhooks_in::admin::discard_inbox_event)
        .service(jobs::admin::list_jobs)
        .service(jobs::admin::get_job)
        .service(jobs::admin::retry_job)
        .service(jobs::admin::discard_job)
        .service(jobs::admin::list_job_kinds)
        .service(jobs::admin::pause_job_kind)
        .service(jobs::admin::resume_job_kind);
}

fn for_integrators(config: &mut impl Routes) {
    config
        .service(webhooks_out::admin::create_webhook_endpoint)
        .service(webhooks_out::admin::list_webhook_endpoints)
        .service(webhooks_out::admin::get_webhook_endpoint)
        .service(webhooks_out::admin::update_webhook_endpoint)
        .service(webhooks_out::admin::delete_webhook_endpoint)
        .service(webhooks_out::admin::rotate_webhook_secret)
        .service(webhooks_out::admin::test_webhook_endpoint)
        .service(webhooks_out::admin::replay_webhook_endpoint)
        .service(webhooks_out::delivery_admin::list_webhook_deliveries)
        .service(webhooks_out::delivery_admin::get_webhook_delivery)
        .service(webhooks_out::delivery_admin::replay_webhook_delivery);
}

fn for_warehouse(config: &mut impl Routes) {
    config
        .service(inventory::low_stock_routes::list_low_stock)
        .service(inventory::low_stock_routes::export_low_stock)
        .service(inventory::settings_routes::get_inventory_settings)
        .service(inventory::settings_routes::update_inventory_settings)
        .service(fulfillments::admin::create_fulfillment)
        .service(fulfillments::admin::get_fulfillment)
        .service(fulfillments::admin::update_fulfillment)
        .service(fulfillments::admin::cancel_fulfillment)
        .service(fulfillments::packing_slip::get_packing_slip)
        .service(labels::admin::create_shipping_label)
        .service(labels::admin::void_shipping_label)
        .service(alerts::admin::list_alerts)
        .service(alerts::admin::acknowledge_alert);
}

fn for_accountants(config: &mut impl Routes) {
    config
        .service(invoices::admin::list_invoices)
        .service(invoices::admin::get_any_invoice)
        .service(invoices::admin::issue_invoice)
        .service(invoices::admin::get_invoice_settings)
        .service(invoices::admin::update_invoice_settings);
}

fn for_readers_of_mail(config: &mut impl Routes) {
    config.service(invoices::links::open_invoice_link);
}

fn for_auditors(config: &mut impl Routes) {
    config
        .service(audit::admin::list_audit_entries)
        .service(audit::admin::export_audit_entries)
        .service(audit::admin::get_audit_entry);
}

fn for_mail(config: &mut impl Routes) {
    config
        .service(mail::admin::list_emails)
        .service(mail::admin::get_email)
        .service(mail::admin::resend_email)
        .service(mail::admin::preview_email)
        .service(mail::admin::send_test_email);
}

fn for_staff_accounts(config: &mut impl Routes) {
    config
        .service(staff::session_routes::create_staff_session)
        .service(staff::session_routes::get_staff_session)
        .service(staff::session_routes::delete_staff_session)
        .service(staff::session_routes::change_staff_password)
        .service(staff::account_routes::request_staff_password_reset)
        .service(staff::account_routes::reset_staff_password)
        .service(staff::account_routes::accept_staff_invitation)
        .service(staff::member_admin::list_staff_members)
        .service(staff::member_admin::create_staff_member)
        .service(staff::member_admin::get_staff_member)
        .service(staff::member_admin::update_staff_member)
        .service(staff::member_admin::send_staff_invitation)
        .service(staff::member_admin::list_staff_sessions)
        .service(staff::member_admin::revoke_staff_session)
        .service(staff::role_admin::list_staff_roles)
        .service(staff::role_admin::create_staff_role)
        .service(staff::role_admin::get_staff_role)
        .service(staff::role_admin::update_staff_role)
        .service(staff::role_admin::delete_staff_role)
        .service(staff::key_admin::list_api_keys)
        .service(staff::key_admin::create_api_key)
        .service(staff::key_admin::get_api_key)
        .service(staff::key_admin::update_api_key)
        .service(staff::key_admin::revoke_api_key)
        .service(staff::key_admin::rotate_api_key);
}

fn for_dashboards(config: &mut impl Routes) {
    config
        .service(attention::get_attention)
        .service(live::routes::stream_events)
        .service(customers::admin::list_customers)
        .service(customers::admin::get_any_customer)
        .service(customers::admin::update_any_customer)
        .service(customers::admin::revoke_sessions_of_customer)
        .service(customers::admin::export_customer)
        .service(customers::admin::erase_customer)
        .service(orders::list_admin::list_orders)
        .service(orders::list_admin::list_order_summaries)
        .service(orders::list_admin::export_orders)
        .service(orders::note_admin::update_order)
        .service(orders::note_admin::list_order_notes)
        .service(orders::note_admin::create_order_note)
        .service(orders::note_admin::delete_order_note);
}

fn for_analysts(config: &mut impl Routes) {
    config
        .service(analytics::routes::get_analytics_summary)
        .service(analytics::routes::get_revenue_analytics)
        .service(analytics::routes::get_orders_analytics)
        .service(analytics::routes::get_customers_analytics)
        .service(analytics::routes::get_discounts_analytics)
        .service(analytics::routes::get_refunds_analytics)
        .service(analytics::routes::get_product_analytics)
        .service(analytics::routes::get_funnel_analytics)
        .service(analytics::routes::get_inventory_analytics)
        .service(analytics::files::export_analytics_summary)
        .service(analytics::files::export_revenue_analytics)
        .service(analytics::files::export_orders_analytics)
        .service(analytics::files::export_customers_analytics)
        .service(analytics::files::export_discounts_analytics)
        .service(analytics::files::export_refunds_analytics)
        .service(analytics::files::export_product_analytics)
        .service(analytics::files::export_funnel_analytics)
        .service(analytics::files::export_inventory_analytics);
}
