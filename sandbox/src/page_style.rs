//! The frame of the pay page: one HTML document without scripts or foreign files.

const STYLE: &str = "
:root { color-scheme: light dark; --line: #d8dee9; --accent: #3451d1; --quiet: #687385; }
@media (prefers-color-scheme: dark) { :root { --line: #3b4252; --accent: #8fa4ff; --quiet: #9aa5b8; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }
main { max-width: 26rem; margin: 0 auto; }
h1 { font-size: 2rem; margin: .5rem 0 0; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; margin: 1.5rem 0; }
td { padding: .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:last-child { text-align: right; white-space: nowrap; padding-left: 1rem; font-variant-numeric: tabular-nums; }
.total td { border: 0; font-weight: 600; }
form { display: grid; gap: .6rem; }
button { font: inherit; padding: .7rem; border-radius: .5rem; border: 1px solid var(--line); background: none; color: inherit; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--accent); }
button.primary { background: #3451d1; border-color: #3451d1; color: #fff; font-weight: 600; }
a { color: var(--accent); }
.quiet { color: var(--quiet); margin: 0; }
.badge { display: inline-block; margin: 0; padding: .1rem .6rem; border-radius: 1rem; background: #ffd166; color: #3d2c00; font-size: .85rem; }
.notice { border-left: 4px solid #d1344b; padding: .5rem 1rem; }
";

/// A whole document around a body that is HTML already.
pub(crate) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escape(title)
    )
}

/// Text as HTML, also inside a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
