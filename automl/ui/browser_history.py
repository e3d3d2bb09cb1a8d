"""One step of *Back* for each thing that a visitor does.

Streamlit adds a step to the browser's history for each change of the address: one more if a page
completes the address by which it was opened, such as by the trial that it shows; and two if a
button opens a page, the first of which shows the old page with the parameters of the new one.
"""

import streamlit as st

_SCRIPT = """<script>
(() => {
  if (window.hasOneStepEach) return;
  window.hasOneStepEach = true;
  let hasActed = false;
  for (const name of ["pointerdown", "click", "keydown", "change"])
    addEventListener(name, () => { hasActed = true; }, { capture: true });
  const push = history.pushState.bind(history);
  history.pushState = (...step) => {
    if (hasActed) push(...step);
    else history.replaceState(...step);
    hasActed = false;
  };
})();
</script>"""


def one_step_each() -> None:
    """Let the open page add one step at most after each event of the pointer or the keyboard."""
    st.html(_SCRIPT, unsafe_allow_javascript=True)
