#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of certrepo-status in a real browser: browser.py FOLDER, which has
fresh.html, stale.html and short.html (made by page.t; the last one is stale a
second after it is opened). TAP on stdout; screenshots stay in FOLDER."""
import os
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

folder = os.path.abspath(sys.argv[1])
n = 0


def ok(good, what, *said):
    global n
    n += 1
    print(("ok" if good else "not ok"), n, "-", what)
    if not good:
        for s in said:
            print("#", str(s)[:500].replace("\n", " / "))
    sys.stdout.flush()


options = webdriver.ChromeOptions()
for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--user-data-dir=%s/profile" % folder):
    options.add_argument(word)
options.binary_location = "/usr/bin/chromium"
options.set_capability("goog:loggingPrefs", {"browser": "ALL",
                                             "performance": "ALL"})
d = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
d.set_page_load_timeout(30)


def show(name):
    d.get("file://%s/%s.html" % (folder, name))


def shot(name):
    d.save_screenshot("%s/%s.png" % (folder, name))


def js(text, *args):
    return d.execute_script(text, *args)


def column(i):
    return js("""return Array.from(document.getElementById('names')
        .tBodies[0].rows).filter(r => !r.hidden)
        .map(r => [r.cells[arguments[0]].dataset.v === undefined ?
            r.cells[arguments[0]].textContent.toLowerCase() :
            Number(r.cells[arguments[0]].dataset.v)][0])""", i)


def visible(id):
    return d.find_element(By.ID, id).is_displayed()


def head(word):
    return d.find_element(
        By.XPATH, "//table[@id='names']//th[.='%s']" % word)


def media(scheme):
    d.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})


# Contrast by WCAG 2.1, "relative luminance".
CONTRAST = """
function lum(c) {
    const v = c.match(/[0-9.]+/g).slice(0, 3).map(x => {
        x /= 255;
        return x <= 0.03928 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}
const paper = lum(getComputedStyle(document.body).backgroundColor);
let worst = [99, ''];
document.querySelectorAll('#names b, #names th, #names td, small, caption, p, #glance li, #glance b')
.forEach(e => {
    if (e.classList.contains('stale')) return;
    const ink = lum(getComputedStyle(e).color);
    const bg = e.closest('thead') ?
        lum(getComputedStyle(e.closest('th')).backgroundColor) : paper;
    const c = (Math.max(ink, bg) + 0.05) / (Math.min(ink, bg) + 0.05);
    if (c < worst[0]) worst = [c, e.outerHTML.slice(0, 80)];
});
return worst;
"""

try:
    # --- as it opens ---
    show("fresh")
    rows = js("return document.getElementById('names').tBodies[0].rows.length")
    ok(rows == 7, "a row for each name", rows)
    first = column(1)
    ok(set(first[:3]) == {"expired", "held", "not-served"}, "what needs somebody stands first", first)
    links = js("""return Array.from(document.querySelectorAll('#glance a'))
        .map(a => [a.textContent, !!document.querySelector(a.hash)])""")
    ok(len(links) >= 4 and all(there for _, there in links) and
       links[0][0] == "Fetcher" and "certificates" in links[1][0] and
       "hosts" in links[2][0],
       "the head has a line for each section, and leads there", links)
    ok(not visible("stale"), "a fresh page does not say that it is stale")
    ok(js("return window.pwned") is None and
       "<script>window.pwned=1</script>" in
       d.find_element(By.ID, "names").text,
       "a stored <script> is shown, and does not run",
       d.find_element(By.ID, "names").text)
    ok("\"><img src=x onerror=window.pwned=1>" in
       js("return document.getElementById('names').textContent"),
       "nor does an attribute end")
    ok(js("return performance.getEntriesByType('resource').length") == 0,
       "nothing is loaded from anywhere")
    log = [x for x in d.get_log("browser") if x["level"] in ("SEVERE",
                                                             "WARNING")]
    ok(log == [], "the browser has nothing to say of it", log)
    d.set_window_size(1400, 1000)
    shot("light")

    # --- sorting ---
    ends = head("Ends")
    ends.find_element(By.TAG_NAME, "button").click()
    got = column(3)
    ok(got == sorted(got), "a button in the header sorts", got)
    ok(js("return document.querySelectorAll('[aria-sort]').length") == 1 and
       ends.get_attribute("aria-sort") == "ascending",
       "aria-sort is on that column alone")
    ends.find_element(By.TAG_NAME, "button").click()
    got = column(3)
    ok(got == sorted(got, reverse=True) and
       ends.get_attribute("aria-sort") == "descending",
       "once more: the other way", got)
    head("Name").find_element(By.TAG_NAME, "button").click()
    got = column(0)
    ok(got == sorted(got) and
       js("return document.querySelectorAll('[aria-sort]').length") == 1,
       "another column takes over", got)

    # --- finding ---
    text = d.find_element(By.ID, "text")
    text.send_keys("MAIL.example")
    got = column(0)
    ok(len(got) == 1 and got[0].startswith("mail.example.org"),
       "a word finds, whatever its case", got)
    ok("1 of 7 rows" in d.find_element(By.ID, "found").text,
       "how many were found is said")
    text.clear()
    text.send_keys(" " + Keys.BACKSPACE)
    state = Select(d.find_element(By.ID, "state"))
    ok([o.text for o in state.options][0] == "any" and
       len(state.options) > 2, "states to choose from")
    state.select_by_visible_text("expired")
    ok(set(column(1)) == {"expired"}, "a state is chosen", column(1))
    state.select_by_visible_text("any")
    ok(len(column(1)) == 7, "and all of them again")

    # --- keyboard ---
    show("fresh")
    seen = []
    for _ in range(18):
        d.switch_to.active_element.send_keys(Keys.TAB)
        e = d.switch_to.active_element
        seen.append((e.tag_name, e.get_attribute("id") or e.text))
    ok(("input", "text") in seen and ("select", "state") in seen and
       ("button", "Name") in seen and ("div", "") in
       [(a, "") for a, b in seen if a == "div"],
       "Tab comes to the field, the choice, the table and its buttons", seen)
    while d.switch_to.active_element.text != "Name":
        d.switch_to.active_element.send_keys(Keys.TAB)
    d.switch_to.active_element.send_keys(Keys.ENTER)
    got = column(0)
    ok(got == sorted(got), "Enter sorts", got)
    ok(js("const s = getComputedStyle(document.activeElement);"
          "return s.outlineStyle !== 'none' && s.outlineWidth !== '0px'"),
       "where one is can be seen")

    # --- pictures ---
    for id, bars in (("weeks", 13), ("days", 30)):
        got = js("""const t = document.getElementById(arguments[0]);
            const svg = t.closest('details').previousElementSibling;
            const n = i => Array.from(t.tBodies[0].rows)
                .map(r => Number(r.cells[i].textContent));
            return [n(1), n(2), svg.querySelectorAll('rect.one').length - 1,
                svg.querySelectorAll('rect.two').length - 1,
                svg.getAttribute('role'),
                svg.getAttribute('aria-label')]""", id)
        ok(len(got[0]) == bars and
           got[2] == len([v for v in got[0] if v]) and
           got[3] == len([v for v in got[1] if v]) and
           got[4] == "img" and got[5] != "",
           "%s: a bar for each number of the table" % id, got)
        ok(sum(got[0]) > 0 and sum(got[1]) > 0, "%s: there are some" % id, got)

    # --- dark, light, narrow ---
    paper = {}
    for scheme in ("light", "dark"):
        media(scheme)
        show("fresh")
        paper[scheme] = js("return getComputedStyle(document.body)"
                           ".backgroundColor")
        worst = js(CONTRAST)
        ok(worst[0] >= 4.5, "%s: all words have contrast (WCAG AA)" % scheme,
           worst)
        shot(scheme)
    ok(paper["light"] != paper["dark"], "dark is another page", paper)
    media("light")
    d.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
    show("fresh")
    wide = js("return [document.documentElement.scrollWidth, innerWidth]")
    ok(wide[0] <= 360, "a narrow screen: the page does not scroll sideways",
       wide)
    ok(js("const r = document.querySelector('#names tbody td b')"
          ".getBoundingClientRect(); return r.right") <= 360,
       "and the state is in sight")
    shot("narrow")
    d.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    # --- old ones ---
    show("stale")
    ok(visible("stale") and "4 days" in
       d.find_element(By.ID, "stale").text,
       "an old page says so, whoever made it or not",
       d.find_element(By.ID, "stale").text)
    shot("stale")

    # --- without a script ---
    d.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    show("short")
    ok(len(d.find_elements(By.CSS_SELECTOR, "#names tbody tr")) == 7,
       "without a script: all rows are there")
    ok(not visible("find") and
       d.find_elements(By.CSS_SELECTOR, "th button") == [],
       "and nothing that would not work")
    ok("after" in d.find_element(By.TAG_NAME, "body").text and
       "stale" in d.find_element(By.TAG_NAME, "body").text,
       "it says from when on it is stale")
    end = time.monotonic() + 10
    while time.monotonic() < end and d.find_element(
            By.ID, "open").value_of_css_property("visibility") != "visible":
        time.sleep(0.2)
    ok(d.find_element(By.ID, "open").value_of_css_property("visibility") ==
       "visible", "one that stays open says so without a script")
    shot("noscript")
finally:
    d.quit()
print("1..%d" % n)
