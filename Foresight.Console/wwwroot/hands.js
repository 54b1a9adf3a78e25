// Keys, dialogs, copying and the browser's zone: what must work at once and needs no answer of the server. Everything is found by its
// attributes and all listeners are the document's, so that pages may be drawn again at any time.
(() => {
  const goWithin = 1500;
  const copiedFor = 1500;
  const singleKeys = "foresight-single-keys";
  let goUntil = 0;
  let copiedTimer;

  const open = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return Boolean(dialog);
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    for (const box of dialog.querySelectorAll("[data-single-keys]")) box.checked = areSingleKeysOn();
    dialog.showModal();
    // What was looked up last is overwritten by the next key.
    dialog.querySelector("[data-lookup]")?.select();
    return true;
  };

  const close = (id) => document.getElementById(id)?.close();

  // A setting of this browser; where it cannot be kept, keys act.
  const areSingleKeysOn = () => {
    try {
      return localStorage.getItem(singleKeys) !== "off";
    } catch {
      return true;
    }
  };

  const keepSingleKeys = (on) => {
    try {
      localStorage.setItem(singleKeys, on ? "on" : "off");
    } catch {
      // The browser keeps nothing for this page.
    }
  };

  const isField = (element) =>
    element.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]") != null;

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;

    const isLookup = event.target.matches?.("[data-lookup]");
    // They choose among the hits, so they must not move the caret.
    if (isLookup && (event.key === "ArrowUp" || event.key === "ArrowDown")) event.preventDefault();

    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      if (open("lookup")) event.preventDefault();
      return;
    }

    const wasGoing = Date.now() < goUntil;
    goUntil = 0;
    if (hasModifier || isField(event.target) || document.querySelector("dialog[open]") || !areSingleKeysOn()) return;

    if (wasGoing) {
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
    } else if (event.key === "g") {
      goUntil = Date.now() + goWithin;
    } else if ((event.key === "/" && open("lookup")) || (event.key === "?" && open("shortcuts"))) {
      event.preventDefault();
    }
  });

  // Browsers offer the clipboard only over https and on the machine itself; elsewhere a selected field is copied.
  const copy = async (text) => {
    if (window.isSecureContext && navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }

    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.className = "copy-field";
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    if (!isCopied) throw new Error("The browser refuses to copy.");
  };

  const copyFrom = async (button) => {
    const text = button.dataset.copy;
    const short = text.length > 14 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text;
    const said = document.getElementById("copied");
    clearTimeout(copiedTimer);
    try {
      await copy(text);
      said.textContent = `Copied ${short}`;
      button.dataset.copied = "";
    } catch {
      said.textContent = `${short} could not be copied`;
    }

    button.focus();
    copiedTimer = setTimeout(() => {
      said.textContent = "";
      for (const other of document.querySelectorAll("[data-copied]")) delete other.dataset.copied;
    }, copiedFor);
  };

  // Before the framework sees the click, which follows the link.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("[data-zone=browser]");
      if (!link) return;
      const address = new URL(link.href);
      address.searchParams.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
      link.href = address.href;
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    const button = event.target.closest("[data-copy]");
    const dialog = event.target.closest("dialog[open]");
    if (opener) open(opener.dataset.open);
    if (button) copyFrom(button);
    // The dialog itself is hit only beside its content, on the backdrop.
    const isLink = event.target.closest("a[href]") && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (dialog && (event.target === dialog || isLink || event.target.closest("[data-close]"))) dialog.close();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-single-keys]")) keepSingleKeys(event.target.checked);
  });

  // The component library moves the place of its menus to the end of the body, outside of all that screen readers can name.
  const nameMenus = () => {
    for (const place of document.querySelectorAll("body > .mud-popover-provider:not([role])")) {
      place.setAttribute("role", "region");
      place.setAttribute("aria-label", "Menus");
    }
  };

  new MutationObserver(nameMenus).observe(document.body, { childList: true });
  nameMenus();

  window.foresight = { close };
})();
