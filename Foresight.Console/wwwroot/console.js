// What the page's own server cannot do: notice that it is gone. A frozen console keeps its connection open, and what it drew last would
// look alive. Its clock ticks every second (Shell/ClockSign.razor); when it has not for three, the page shows how old it is.
(() => {
  const silence = 3000;
  const banner = document.getElementById("disconnected");
  const modal = document.getElementById("components-reconnect-modal");
  let heardAt = Date.now();
  let asOf = "";
  let wasHidden = false;
  let covered = null;
  const prefix = "(disconnected) ";

  const sign = () => document.querySelector("[data-sign]");

  const hear = () => {
    const clock = sign();
    if (!clock || clock.textContent === asOf) return;
    asOf = clock.textContent;
    heardAt = Date.now();
  };

  // A tab in the background shows only its title and its icon. The framework writes into the same nodes, so the text is changed in place
  // (a new title element's text would be lost on it), and what it has written since the silence stays.
  const mark = (isSilent) => {
    if (isSilent && !covered) {
      const text = document.querySelector("title")?.firstChild;
      const icon = document.querySelector("link[rel=icon]");
      covered = { text, icon, href: icon?.getAttribute("href") };
      if (text) text.data = prefix + text.data;
      icon?.setAttribute("href", banner.dataset.icon);
    } else if (!isSilent && covered) {
      const { text, icon, href } = covered;
      if (text?.data.startsWith(prefix)) text.data = text.data.slice(prefix.length);
      if (icon?.getAttribute("href") === banner.dataset.icon) icon.setAttribute("href", href);
      covered = null;
    }
  };

  const look = () => {
    hear();
    // Pages without a clock are not live. A hidden tab's timers are slowed down, so its silence is its own.
    if (document.hidden || wasHidden) {
      wasHidden = document.hidden;
      heardAt = Date.now();
    }
    const isSilent = asOf !== "" && sign() !== null && Date.now() - heardAt > silence;
    document.documentElement.toggleAttribute("data-disconnected", isSilent);
    banner.hidden = !isSilent;
    mark(isSilent);
    if (isSilent) banner.querySelector("time").textContent = asOf;
  };

  setInterval(look, 500);

  // A page that is looked at keeps its session; a console that does not answer is the watchdog's matter, and an ended session the page's.
  const renew = () => {
    if (sign()) fetch("session", { redirect: "manual", cache: "no-store" }).catch(() => {});
  };

  setInterval(renew, 5 * 60 * 1000);

  // The framework sets the state as a class; a button for each state that needs one.
  modal.querySelector("[data-retry]").addEventListener("click", async () => {
    // False: the server answers, and the circuit is gone for good.
    if (!(await Blazor.reconnect())) location.reload();
  });
  modal.querySelector("[data-reload]").addEventListener("click", () => location.reload());

  // A console that was restarted has answered, so the page can be loaded again without asking; one that cannot be reached is asked again
  // for as long as the page is open, because there may be no one to press the button.
  const retryEvery = 5000;
  let retrying;

  const retry = async () => {
    try {
      if (!(await Blazor.reconnect())) location.reload();
    } catch {
      // It is still away.
    }
  };

  new MutationObserver(() => {
    if (modal.classList.contains("components-reconnect-rejected")) location.reload();
    const isFailed = modal.classList.contains("components-reconnect-failed");
    if (isFailed) retrying ??= setInterval(retry, retryEvery);
  }).observe(modal, { attributes: true, attributeFilter: ["class"] });
})();
