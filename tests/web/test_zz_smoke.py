import threading, io, typst, pathlib, re
from werkzeug.serving import make_server
from playwright.sync_api import sync_playwright
from tests_web_pdf import pdf
S=pathlib.Path("/tmp/shots")

def receive(v, subject, org="Ủy ban nhân dân tỉnh Thái Nguyên", num="5127", urgency="urgent"):
    r=v.post("/incoming/new", {"channel":"post","organ_name":org,"code_number":num,"code_notation":"UBND-TH","issued_on":"11/12/2025","subject":subject,"urgency":urgency,"secrecy":"none","page_amount":"2","files":(io.BytesIO(pdf(subject)),"Công văn 5127.pdf")})
    assert r.status_code==303, r.text[r.text.find('errsum'):][:700]
    return r.headers["Location"]

def fields(text):
    out={}
    for m in re.finditer(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text): out[m[1]]=m[2]
    return out

def test_shots(app, knock, office):
    v=knock("vanthu.stttt")
    steps=[receive(v,f"Về việc báo cáo kết quả thực hiện Quy chế quản lý, vận hành và sử dụng hệ thống phần mềm QLVBĐH liên thông năm 2025 (lần {i})", num=str(5127+i), urgency=u) for i,u in enumerate(["urgent","normal","express","very_urgent"])]
    print(steps)
    for s in steps[:3]:
        p=v.get(s); assert p.status_code==200
        r=v.client.post(s, data={"outcome":"accept_unsigned","reason":"Bản giấy đã đối chiếu", **fields(p.text)})
        assert r.status_code==303, r.text[r.text.find('errsum'):][:1500]
    def nxt(v,subject):
        f=re.search(r'href="(/(?:incoming|outgoing)/[0-9a-f-]{36})"', v.get("/search",query_string={"q":subject},follow_redirects=True).text)
        m=re.search(r'href="(/work-items/[0-9a-f-]+)"', v.get(f[1]).text)
        return (m and m[1]), f[1]
    def opt(p,name,label):
        import lxml.html
        for o in lxml.html.fromstring(p.text).xpath(f"//select[@name='{name}']/option"):
            if label in o.text_content(): return o.get("value")
    for i in (0,1,2):
        s,d=nxt(v,str(5127+i))
        p=v.get(s); sh=v.sheet(p).fill(document_type=opt(p,"document_type","Công văn"), go="stay"); r=v.send(sh); assert r.status_code==303, v.problem(r)
    s,d=nxt(v,"5127"); r=v.send(v.sheet(v.get(s)).fill(proposal="Đề nghị giao Phòng CNTT chủ trì",go="stay")); assert r.status_code==303
    g=knock("giamdoc.stttt"); s,d=nxt(g,"5127"); p=g.get(s); sh=g.sheet(p).fill(opinion="Phòng CNTT chủ trì, Văn phòng phối hợp số liệu. Báo cáo tôi trước khi trình.",lead_unit=opt(p,"lead_unit","Công nghệ"),deadline="30/12/2026",row_command="add:cooperating"); p=g.send(sh)
    sh=g.sheet(p).fill(**{"cooperating.0.unit":opt(p,"cooperating.0.unit","Văn phòng"),"cooperating.0.deadline":"28/12/2026"}); sh.values.pop("row_command",None); r=g.send(sh); assert r.status_code==303, g.problem(r)
    h=knock("truongphong.stttt"); s,d=nxt(h,"5127"); p=h.get(s); sh=h.sheet(p).fill(lead_officer=opt(p,"lead_officer","Hải An"),note="Đ/c An chủ trì."); r=h.send(sh); assert r.status_code==303, h.problem(r)
    o=knock("chuyenvien.stttt"); r=o.post("/outgoing/new",{"subject":"báo cáo kết quả thực hiện Quy chế năm 2025"}); draft=r.headers["Location"]
    p=o.get(draft); sh=o.sheet(p).fill(document_type=opt(p,"document_type","Báo cáo"),body="Thực hiện Công văn số 5127/UBND-TH.\nSở báo cáo như sau.",signatory=opt(p,"signatory","Hòa"),internal_recipients="- Lưu: VT.",row_command="add:recipients")
    p=o.send(sh); sh=o.sheet(p).fill(**{"recipients.0.agency":opt(p,"recipients.0.agency","Ủy ban")}); sh.values.pop("row_command",None); r=o.send(sh); assert r.status_code==303, o.problem(r)
    r=o.post("/outgoing/new",{"subject":"dự thảo thứ hai"}); draft2=r.headers["Location"]
    server=make_server("127.0.0.1",0,app,threaded=True); port=server.server_port
    threading.Thread(target=server.serve_forever,daemon=True).start()
    base=f"http://127.0.0.1:{port}"
    with sync_playwright() as pw:
        b=pw.chromium.launch(executable_path="/usr/bin/chromium",args=["--no-sandbox"])
        ctx=b.new_context(viewport={"width":1440,"height":900},locale="vi")
        page=ctx.new_page()
        logs=[]
        page.on("console",lambda m: logs.append((page.url,m.text)))
        page.on("response",lambda r: logs.append((r.status,r.url)) if r.status>=400 else None)
        page.goto(base+"/"); page.screenshot(path=S/"login.png")
        page.fill("#username","vanthu.stttt"); page.fill("#password","sai mat khau"); page.click("main button[type=submit]"); page.screenshot(path=S/"login_err.png")
        page.fill("#password","mot-cau-dai-de-nho-188"); page.click("main button.primary")
        page.wait_for_selector(".inbox"); page.screenshot(path=S/"inbox0.png")
        page.keyboard.press("j"); page.wait_for_selector("[data-step-form]"); page.wait_for_timeout(1500)
        page.screenshot(path=S/"inbox.png")
        page.keyboard.press("e"); page.wait_for_timeout(1200); page.screenshot(path=S/"after_e.png")
        url=page.url
        def shot(path,name,wait=700):
            page.goto(base+path); page.wait_for_timeout(wait); page.screenshot(path=S/f"{name}.png")
        ctx.add_cookies([{"name":"theme","value":"dark","url":base}])
        shot("/inbox/mine?item=first","inbox_dark",1500)
        ctx.add_cookies([{"name":"theme","value":"light","url":base}])
        shot("/outgoing","outgoing"); odoc=None; shot("/incoming","incoming"); 
        page.goto(base+d); page.wait_for_timeout(1500); page.screenshot(path=S/"document.png"); doc=page.url
        page.goto(doc+"/replay"); page.wait_for_timeout(600); page.screenshot(path=S/"replay.png")
        shot("/registers","register"); shot("/incoming/new","incoming_new"); shot("/outgoing/new","outgoing_new"); shot("/dossiers","dossiers"); shot("/procedures","procedures"); shot("/procedures/incoming","designer",4000); shot("/outgoing","outgoing"); shot("/api-docs","api",2500); shot("/help","help"); shot("/khong-co","error404"); shot("/password","password")
        shot(steps[3],"task",1500)
        page.set_viewport_size({"width":390,"height":844})
        shot("/inbox/","phone_inbox"); shot("/inbox/mine?item=first","phone_item",1500); page.goto(doc); page.wait_for_timeout(1000); page.screenshot(path=S/"phone_doc.png"); shot("/registers","phone_register")
        page.set_viewport_size({"width":1440,"height":900})
        ctx.add_cookies([{"name":"language","value":"en","url":base}]); shot("/inbox/mine?item=first","inbox_en",1200)
        ctx.clear_cookies()
        for who,pages in {"chuyenvien.stttt":{"off_inbox":"/inbox/?item=first","off_task":"OUT","off_doc":nxt(o,"báo cáo kết quả thực hiện Quy chế năm 2025")[1] if False else "/outgoing"},"truongphong.stttt":{"head_inbox":"/inbox/?item=first"},"giamdoc.stttt":{"lead":"/inbox/?item=first"},"quantri.stttt":{"accounts":"/accounts","designer_admin":"/procedures/incoming"},"vanhanh":{"operator":"/operator"},"thanhtra":{"position":"/"}}.items():
            page.goto(base+"/login"); page.fill("#username",who); page.fill("#password","mot-cau-dai-de-nho-188"); page.click("main button.primary"); page.wait_for_timeout(500)
            for n,pth in pages.items():
                shot(pth if pth!="OUT" else draft2,n, 4000 if "designer" in n else 700)
            if who=="thanhtra":
                page.click(".positions button:nth-child(1)"); page.wait_for_timeout(500); page.screenshot(path=S/"auditor.png")
                shot("/journal","journal"); page.click("main button.primary"); page.wait_for_timeout(700); page.screenshot(path=S/"journal_ok.png")
            ctx.clear_cookies()
        b.close()
    for l in logs: print(l)
    server.shutdown()
