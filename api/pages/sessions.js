// Goes to the sign-in page as soon as the session of this page has ended.
"use strict";
if (document.getElementById("subject")) {
  const watch = new EventSource("/sessions/watch");
  watch.addEventListener("ended", () => {
    watch.close();
    location.replace("/sign-in");
  });
}
