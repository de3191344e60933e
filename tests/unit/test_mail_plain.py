"""HTML as a person reads it in plain text: lines, quotes, lists, tables, links; nothing twice, and no noise."""

import pytest

from gateway.mail.html import sanitise, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("Hi<br>\nthere<br><br>Bye", "Hi\nthere\n\nBye"),
        ("a &lt;b&gt; &euro;&nbsp;c", "a <b> € c"),
        ("a_b*c 1. x - y # z \\ [w]", "a_b*c 1. x - y # z \\ [w]"),
        ("<p>1. first</p><p>- dash</p><p>+ plus</p>", "1. first\n\n- dash\n\n+ plus"),
        ("<b>bold</b> <i>it</i>", "bold it"),
        ("<h1>Head</h1>x", "Head\n\nx"),
        ('<a href="https://x.example/a_(b)?c=1&amp;d=2">here</a>', "[here](https://x.example/a_(b)?c=1&d=2)"),
        ('<a href="https://x.example/">https://x.example/</a>', "<https://x.example/>"),
        ('<a href="mailto:a@b">a@b</a>', "a@b"),
        ('<a href="https://x.example/"><img src="x.png"></a>z', "z"),
        ('<img src="cid:x" alt="a picture">', "a picture"),
        ("<ul><li>one<li>two</ul>", "* one\n* two"),
        ("<blockquote>q<br>r</blockquote>", "> q\n> r"),
        ("<style>p {}</style><script>x</script><title>t</title>a", "a"),
        ("<!--[if mso]>out<![endif]-->in", "in"),
    ],
)
def test_html_becomes_text_that_reads_well(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_table_becomes_lines_of_cells() -> None:
    html = "<table><tr><th>Name<th>Price</tr><tr><td>Pear<td>1.50</tr><tr><td><td></tr><tr><td>alone</tr></table>"
    assert to_text(html) == "Name | Price\nPear | 1.50\nalone"


def test_lines_are_not_wrapped() -> None:
    assert to_text("<p>" + "word " * 200 + "</p>") == ("word " * 200).strip()


PHRASES = {
    "lines of a web mailer": (
        "<div>Hi</div><div><br></div><div>one</div><div>two<br></div><div>three</div>",
        "Hi\n\none\ntwo\nthree",
    ),
    "lines of Word": (
        "<p class=MsoNormal>Hi<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class='MsoNormal'>one</p>",
        "Hi\n\none",
    ),
    "quotes in quotes": (
        "<blockquote>a<br>\nb<blockquote>c<br>d</blockquote>e<div><br></div><div><br></div>f</blockquote>g",
        "> a\n> b\n>\n>> c\n>> d\n>\n> e\n>\n> f\n\ng",
    ),
    "a quote at the end": ("a<blockquote>b<ul><li>c</ul></blockquote>", "a\n\n> b\n>\n> * c"),
    "lists in lists": (
        "<ol start=3><li>a<ul><li>b<li>c</ul><li>d</ol>",
        "3. a\n   * b\n   * c\n4. d",
    ),
    "preformatted text": ("x<pre>\na  b\n\tc\n\n  <b>d</b></pre>", "x\n\na  b\n        c\n\n  d"),
    "dashes and numbers": ("<a href=http://x>l</a> - 1. x<br>- y<br>+ z \\*", "[l](http://x) - 1. x\n- y\n+ z \\*"),
    "marks that plain text has none for": ("<code>a</code> <s>b</s> <abbr title=t>c</abbr> <sup>2</sup>", "a b c 2"),
    "right to left": ('<div dir="rtl">שלם <b>בגד</b></div><div>של\u200cב</div>', "שלם בגד\nשל\u200cב"),
    "filling after a preview": ("Hi &zwnj;&nbsp;&#847; &zwnj; &shy;&#8203;<p>bal&shy;ance", "Hi\n\nbalance"),
    "entities": ("&lt;b&gt; &euro; &amp;amp; &#x1F600; &#0;", "<b> € &amp; 😀 \ufffd"),
    "blocks of all kinds": ("a<center>b</center><section>c</section><address>d</address>e", "a\nb\nc\nd\ne"),
    "what a label says": ("<table><tr><td>Name:<td>Ann<tr><td>Phone:<td>1</table>", "Name: Ann\nPhone: 1"),
    "lines in a link": ('<a href="http://x">a<br>b</a>', "[a b](http://x)"),
    "heads in links": ('<a href="http://x"><h2>Read</h2></a>', "[Read](http://x)"),
}


@pytest.mark.parametrize("name", PHRASES)
def test_it_reads_as_it_looks(name: str) -> None:
    html, text = PHRASES[name]
    assert to_text(html) == text
    assert to_text(sanitise(html)) == text


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ('<a href="https://www.x.example/">x.example</a>', "x.example"),
        ('<a href="http://x.example/?a=1&amp;b=2">http://x.example/?a=1&amp;b=2</a>', "<http://x.example/?a=1&b=2>"),
        ('<a href="http://x.example/y">x.example</a>', "[x.example](http://x.example/y)"),
        ('<a href="mailto:ann@x.example?subject=y">Write to us</a>', "Write to us <ann@x.example>"),
        ('<a href="mailto:Ann@x.example">Ann &lt;ann@x.example&gt;</a>', "Ann <ann@x.example>"),
        ('<a href="tel:+4612345">+46 (1) 23-45</a>', "+46 (1) 23-45"),
        ('<a href="tel:+4612345">Call us</a>', "Call us <+4612345>"),
        ('<a href="http://x.example/"> </a>', ""),
    ],
)
def test_where_a_link_leads_is_said_once(link: str, text: str) -> None:
    assert to_text(link) == text


@pytest.mark.parametrize(
    "alternative", ["image001.png", "logo", "Picture 1", "cid:x@y", "Ein Bild, automatisch generiert", "Inline image 2"]
)
def test_a_picture_that_nobody_described_says_nothing(alternative: str) -> None:
    assert to_text(f'a<img src="cid:x" alt="{alternative}">b') == "ab"
    assert to_text('a <img src="cid:x" alt="Our new shop"> b') == "a Our new shop b"


# A signature with a picture beside it is a few lines, not a drawing of a table.
def test_a_signature_is_its_lines() -> None:
    left = '<td><img src="cid:logo@x" alt="image001.png"></td><td width="10">&nbsp;</td>'
    right = '<td><b>Ann Smith</b><br>Sales<br><a href="tel:+461">+46 1</a><br><br></td>'
    assert to_text(f"Bye<table><tr>{left}{right}</tr></table>") == "Bye\n\nAnn Smith\nSales\n+46 1"


def test_cells_of_a_layout_are_not_divided_by_lines() -> None:
    menu = "<table><tr><td>Home</td><td>Shop</td><td>About</td></tr></table>"
    order = "<table><tr><td>Shoes<td>2<td>$5</tr><tr><td colspan=2>Total<td>$5</table>"
    page = f"<table><tr><td>{menu}</td></tr><tr><td><h1>Your order</h1>{order}<p>Bye</td></tr></table>"
    assert to_text(page) == "Home Shop About\n\nYour order\n\nShoes | 2 | $5\nTotal | $5\n\nBye"


def test_a_mail_within_a_drawn_box_keeps_its_lines() -> None:
    assert to_text("<table border=1><tr><td>whole<p>mail<p>text</table>") == "whole\n\nmail\n\ntext"


def test_a_drawn_table_keeps_its_columns() -> None:
    table = "<table border=1><caption>C</caption><tr><td><p>a<td><p>b<br>c</tr><tr><td>1<td><td>3</table>"
    assert to_text(table) == "C\na | b c\n1 | | 3"


# What lists of mails preview, and what is for other screens: a reader has not seen it, and answers to nothing in it.
@pytest.mark.parametrize("hiding", ["display:none", "color: red; Display : None !important; max-height: 0"])
def test_what_is_not_shown_is_not_in_the_text(hiding: str) -> None:
    hidden = f'<span style="{hiding}">Preview<span>more</span></span><div dir=ltr style="{hiding}">a<div>b</div>c</div>'
    page = f'{hidden}<p>shown<img style="{hiding}" src="cid:x" alt="Our shop"></p><table><tr style="{hiding}"><td>d'
    assert to_text(page) == "shown"
    assert to_text(sanitise(page)) == "shown"


def test_a_page_that_hides_everything_is_read_all_the_same() -> None:
    assert to_text('<div style="display: none"><p>all</p></div><br>') == "all"
