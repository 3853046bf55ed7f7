"""The clerk's page for copies: from the document's page to the signed copy, and what is refused."""

import re

import lxml.html

PASSWORD = "mot-cau-dai-de-nho-188"


def copy_link(page) -> str:
    [link] = lxml.html.fromstring(page.text).xpath("//a[contains(@href, '/copy')]/@href")
    return str(link)


def registered(clerk, subject: str, number: str) -> str:
    """Receive a scanned paper, enter it in the register; return the address of its page."""
    step = clerk.receive(subject, code_number=number)
    clerk.accept(step)
    address = page_of(clerk, step)
    page = clerk.get(address)
    assert "/copy" not in page.text, "not before it is registered"
    waiting = re.search(r'href="(/work-items/[0-9a-f-]+)"', page.text)[1]
    page = clerk.get(waiting)
    tree = lxml.html.fromstring(page.text)
    kind = tree.xpath("//select[@name='document_type']/option[@value!='']/@value")[0]
    signer = {"signer_position": "Chủ tịch", "signer_name": "Trần Văn An", "page_amount": "1"}
    done = clerk.send(clerk.sheet(page).fill(document_type=kind, **signer))
    assert done.status_code == 303, clerk.problem(done)
    return address


def page_of(clerk, step: str) -> str:
    found = clerk.get(step, follow_redirects=True).text
    return str(re.search(r'href="(/incoming/[0-9a-f-]{36})[?"]', found)[1])


def test_a_scanned_paper_is_copied_from_its_page(knock):
    clerk = knock("vanthu.stttt")
    document = registered(clerk, "sao văn bản giấy", "881")
    address = copy_link(clerk.get(document))
    page = clerk.get(address)
    assert "Hình thức sao" in page.text
    assert 'type="password"' in page.text

    sheet = clerk.sheet(page).fill(form="sao y", permitted_by="Giám đốc", pin="sai mật khẩu")
    refused = clerk.send(sheet)
    assert refused.status_code == 422
    assert "Không mở được kho khóa" in clerk.problem(refused)
    assert "sai mật khẩu" not in refused.text.replace("sai mật khẩu hoặc tệp khóa hỏng", "")
    assert 'value="Giám đốc"' in refused.text, "what was typed stays, but for the passphrase"

    sheet = clerk.sheet(page).fill(form="sao y", permitted_by="Giám đốc", pin=PASSWORD)
    done = clerk.send(sheet)
    assert done.status_code == 303, clerk.problem(done)
    shown = clerk.get(done.headers["Location"])
    assert "Bản sao: Sao y 1" in shown.text
    assert "Đã ký số bản sao" in shown.text


def test_an_empty_form_says_what_is_missing(knock):
    clerk = knock("vanthu.stttt")
    document = registered(clerk, "sao thiếu trường", "882")
    refused = clerk.send(clerk.sheet(clerk.get(f"{document}/copy")))
    assert refused.status_code == 422
    assert "Người cho phép sao" in clerk.problem(refused)


def test_only_who_seals_sees_and_opens_the_page(knock):
    clerk, author = knock("vanthu.stttt"), knock("chuyenvien.stttt")
    step = clerk.receive("sao không đúng người")
    clerk.accept(step)
    document = page_of(clerk, step)
    assert author.get(f"{document}/copy").status_code == 403
    assert clerk.get(document.replace("incoming", "nothing") + "/copy").status_code == 404
