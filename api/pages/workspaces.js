// Shows the list anew while a workspace is on its way.
"use strict";
const LOOK_MILLISECONDS = 2000;
const look = async () => {
  const list = document.getElementById("workspaces");
  if (!list || !list.hasAttribute("data-moving")) return;
  try {
    const answer = await fetch("/workspaces");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("workspaces");
    if (!now) return location.reload();
    // What is the same stays, and keeps the focus.
    if (now.outerHTML !== list.outerHTML) list.replaceWith(document.adoptNode(now));
  } catch {
    // The server is away for a moment: look again.
  }
  setTimeout(look, LOOK_MILLISECONDS);
};
setTimeout(look, LOOK_MILLISECONDS);
