// What the page's own server cannot do: notice that it is gone. A frozen console keeps its connection open, and what it drew last would
// look alive. Its clock ticks every second (Shell/ClockSign.razor); when it has not for three, the page shows how old it is.
(() => {
  const silence = 3000;
  const banner = document.getElementById("disconnected");
  const modal = document.getElementById("components-reconnect-modal");
  let heardAt = Date.now();
  let asOf = "";
  let wasHidden = false;

  const sign = () => document.querySelector("[data-sign]");

  const hear = () => {
    const clock = sign();
    if (!clock || clock.textContent === asOf) return;
    asOf = clock.textContent;
    heardAt = Date.now();
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
    if (isSilent) banner.querySelector("time").textContent = asOf;
  };

  setInterval(look, 500);

  // The framework sets the state as a class; a button for each state that needs one.
  modal.querySelector("[data-retry]").addEventListener("click", async () => {
    // False: the server answers, and the circuit is gone for good.
    if (!(await Blazor.reconnect())) location.reload();
  });
  modal.querySelector("[data-reload]").addEventListener("click", () => location.reload());
})();
