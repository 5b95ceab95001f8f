//! The products of the measured shops.

use std::fmt::Write as _;

/// What the titles of the many products are made of: each pair has some 50 of 100,000, each noun some 1,700.
pub(crate) const ADJECTIVES: [&str; 32] = [
    "amber", "azure", "black", "bold", "bright", "calm", "classic", "cotton", "crimson", "dark", "dusty", "faded",
    "fine", "golden", "green", "heavy", "ivory", "light", "linen", "long", "narrow", "olive", "plain", "purple", "red",
    "rustic", "short", "silver", "soft", "striped", "white", "woollen",
];
pub(crate) const NOUNS: [&str; 60] = [
    "apron", "backpack", "bandana", "beanie", "belt", "blanket", "blazer", "blouse", "boot", "bowl", "bracelet",
    "cape", "cardigan", "clog", "coat", "cup", "curtain", "cushion", "dress", "earring", "glove", "hat", "hoodie",
    "jacket", "jug", "jumper", "kettle", "lamp", "loafer", "mitten", "mug", "necklace", "notebook", "pan", "parka",
    "pillow", "plate", "poncho", "pot", "pouch", "purse", "quilt", "ribbon", "robe", "rug", "sandal", "scarf", "shawl",
    "shirt", "shoe", "skirt", "sock", "stool", "sweater", "teapot", "towel", "tray", "vase", "vest", "wallet",
];

/// Products as a shop would bring them.
pub(crate) fn catalogue(products: usize, variants: usize, name: &str) -> String {
    let mut file =
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,\
        Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src\n"
            .to_owned();
    for number in 0..products {
        for variant in 0..variants {
            let head = if variant == 0 {
                let kind = |words: &[&'static str], step: usize| {
                    words.get(number / step % words.len()).copied().unwrap_or_default()
                };
                let (adjective, noun) = (kind(&ADJECTIVES, NOUNS.len()), kind(&NOUNS, 1));
                format!(
                    "{adjective} {noun} {number} of the bench,<p>What number {number} is and what it does.</p>,Maker {},Thing,\"tag-{}, all\",TRUE,size",
                    number % 20,
                    number % 50
                )
            } else {
                ",,,,,,".to_owned()
            };
            let price = 500 + (number * 7 + variant) % 9000;
            let picture =
                if variant == 0 { format!("https://media.example.com/{name}-{number}.jpg") } else { String::new() };
            // Writing into a text cannot fail.
            let _ = writeln!(
                file,
                "{name}-{number},{head},S{variant},{name}-{number}-{variant},250,shopify,100000000,{}.{:02},{picture}",
                price / 100,
                price % 100,
            );
        }
    }
    file
}
