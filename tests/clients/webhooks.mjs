// The official library of Standard Webhooks verifies what Merx sent.
// Usage: node webhooks.mjs, with one line of JSON on the standard input: [{secret, headers, body}, …]
// Prints one line of JSON for each: {"verified": …} or {"refused": "…"}.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  for (const { secret, headers, body } of JSON.parse(line)) {
    try {
      console.log(JSON.stringify({ verified: new Webhook(secret).verify(body, headers) }));
    } catch (error) {
      console.log(JSON.stringify({ refused: String(error) }));
    }
  }
}
