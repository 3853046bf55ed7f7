import typst
def pdf(subject):
    text='#set page(paper:"a4",margin:2.5cm)\n#set text(size:13pt)\n#grid(columns:(1fr,1fr),align:center,[ỦY BAN NHÂN DÂN \\ *TỈNH THÁI NGUYÊN*],[*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ *Độc lập - Tự do - Hạnh phúc*])\n\n#v(1cm)\n'+subject+'\n\n#lorem(200)'
    import pathlib,tempfile
    p=pathlib.Path(tempfile.mktemp(suffix=".typ")); p.write_text(text)
    return typst.compile(str(p))
