"use strict";
// The token stands behind the `#`, so no server, proxy or history of one ever sees it in an address.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const form = document.getElementById("claim");
const message = document.getElementById("message");
history.replaceState(null, "", location.pathname);
const id = "claim-" + Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

if (!token) {
  form.hidden = true;
  message.textContent = "This link has no token. Open the link that the server printed, or make a new one with `deed claim-link`.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  message.textContent = "";
  const fields = new FormData(form);
  const claim = { token, name: fields.get("name") };
  if (fields.get("email")) claim.email = fields.get("email");
  try {
    const response = await fetch("/api/v1/commands", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id, command: "identity.claim_ownership", arguments: claim }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${answer.detail}.`);
    form.hidden = true;
    document.getElementById("secret").textContent = answer.result.secret ?? "It was shown before. If you lost it, run `deed claim-link` on the server.";
    document.getElementById("done").hidden = false;
  } catch (problem) {
    message.textContent = problem.message;
  }
});

// Browsers give the clipboard to secure pages only; elsewhere a click selects the text.
const copy = document.getElementById("copy");
copy.addEventListener("click", async () => {
  const secret = document.getElementById("secret");
  try {
    await navigator.clipboard.writeText(secret.textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(secret);
    copy.textContent = "Selected; copy it with your keyboard";
  }
});
