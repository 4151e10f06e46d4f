"""What people call their columns, in English and the neighbouring languages, and which field each name means.

Apart from the rest of recognising, because this is a table to be read and grown. Names are compared as words: case,
accents, camelCase, underscores and words that say nothing (`customer_`, `_value`) make no difference.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_WORDS: dict[str, str] = {
    "record_id": """recordid recid recordno recordnumber recordkey rowid rowkey uniqueid uid uuid guid id key pk custno
        custid custnum custnr customerid customerno customernumber customernum customernr customerkey customercode customeruuid
        clientid clientno clientnumber clientcode userid useruuid accountid accountno accountnumber accountnum acctid acctno acctnum
        contactid personid personuid profileid partyid entityid subjectid patientid voterid voterregnum ncid shopperid buyerid
        consumerid guestid externalid extid sourceid srcid crmid leadid kundennummer kundennr kundenid kundeid kdnr knr nummer nr
        numeroclient idclient codeclient noclient identifiant clienteid idcliente numerocliente codigocliente klantnummer klantid
        clienteno codicecliente idkunde sourcerecordid sourceref reference ref refno idnumber idno""",
    "full_name": """fullname name completename displayname customername clientname personname contactname accountname holdername
        cardholder cardholdername primarynamefull namefull namecomplete fullnm vollername gesamtname vollstaendigername
        kundenname nomcomplet nometprenom nomprenom nombrecompleto nombreyapellidos nombreapellidos naam volledigenaam
        nomecompleto nominativo recipient recipientname""",
    "given_name": """givenname given givennames firstname first 1stname fname firstnm forename forenames fornames christianname
        primarynamefirst namefirst namegiven gname vorname vornamen rufname prenom prenoms nombre nombres primernombre voornaam
        nomeproprio primeironome namefst""",
    "middle_name": """middlename middle midname mname middlenames middleinitial minitial mi midinitial middleinit
        primarynamemiddle namemiddle secondname zweitname zweitervorname deuxiemeprenom segundonombre tussenvoegsel midlname""",
    "family_name": """familyname family surname surnames lastname last lname lastnm secondsurname primarynamelast namelast namefamily
        sname nachname familienname zuname nom nomdefamille nomfamille apellido apellidos primerapellido achternaam cognome
        sobrenome namelst""",
    "name_suffix": """namesuffix suffix suffixname generation generationalsuffix sufx namesufx namesfx primarynamesuffix sfx
        namenszusatz suffixe sufijo""",
    "native_name": """nativename nativenamefull localname originalname nameinnativescript namelocal namenative nativescriptname
        kanjiname namekanji kanaame""",
    "gender": "gender sex gendercode sexcode geschlecht sexe genre sexo genero geslacht sesso",
    "email": """email emailaddress mail mailaddress emailid emailaddr eaddress electronicmail contactemail emails mailadresse
        emailadresse courriel adressemail adresseemail adresseelectronique correo correoelectronico correoe emailcontacto
        posta indirizzoemail""",
    "phone": """phone phonenumber telephone telephonenumber tel telno telnumber telnr phoneno phonenum phonenr mobile
        mobilenumber mobileno mobilephone mobilenum mob cell cellphone cellnumber cellphonenumber handy handynummer homephone
        workphone dayphone daytimephone eveningphone landline contactnumber contactno contactphone msisdn phn telefon telefonnummer
        telefonnr mobil mobilnummer mobiltelefon festnetz rufnummer telephoneportable telephonefixe portable numerotelephone telfixe telportable
        telefono telefonofijo telefonomovil movil celular numerotelefono telefoon telefoonnummer gsm cellulare telefone""",
    "date_of_birth": """dateofbirth dob dobyyyymmdd dobmmddyyyy dobddmmyyyy birthdate birthday birthdt bdate bday datebirth dobdt born bornon birthdatetime
        geburtsdatum gebdatum gebdat geburtstag datedenaissance datenaissance naissance fechadenacimiento fechanacimiento
        nacimiento fecnac geboortedatum datadinascita datanascita datadenascimento datanascimento ddn""",
    "birth_year": "by birthyear yearofbirth yob dobyear dobyyyy birthyr geburtsjahr anneenaissance anonacimiento birthy",
    "birth_month": "bm birthmonth monthofbirth dobmonth dobmm geburtsmonat moisnaissance mesnacimiento birthmo",
    "birth_day": "bd birthdayofmonth dayofbirth dobday dobdd geburtstagtag journaissance dianacimiento birthd",
    "address_part": """address addr addressline addresslineone addresslinetwo streetaddress street streetname streetnumber streetno
        streetnr strno addressno housenumber houseno housenr housenum housename building buildingname buildingnumber unit unitnumber
        unitno apartment apt aptno aptnumber flat flatno suite po pobox postofficebox postbox roomno deliveryaddress postaladdress
        mailingaddress homeaddress residentialaddress residenceaddress addressstreet strasse str hausnummer hausnr
        adresse adresszeile adresszusatz rue voie numerorue numerovoie complementadresse direccion domicilio calle numerocalle
        callenumero via indirizzo straat straatnaam huisnummer endereco rua streetaddr addresslines thoroughfare""",
    "address_full": "addressfull addrfull fulladdress completeaddress wholeaddress addresscomplete anschrift vollstaendigeadresse adressecomplete direccioncompleta",
    "city": """city town suburb suburbtown townsuburb suburbcity citysuburb cityname townname locality cityortown towncity citytown village municipality posttown place
        placename addresscity ort stadt wohnort gemeinde ville commune localite ciudad poblacion localidad municipio plaats
        woonplaats citta comune cidade""",
    "region": """region state stateprovince province prov statecode statename stateabbr regioncode regionname provinceregion
        administrativearea bundesland kanton departement etat provincia estado comunidad comunidadautonoma provincie regione usstate""",
    "postal_code": """postalcode postcode post postal zip zipcode zip5 zipplus zippostal zippostcode zippostalcode pcode pc pincode
        postleitzahl plz codepostal cp cpostal codigopostal codpostal postnr postnummer cap codicepostale cep eircode postzip
        postalcd""",
    "country": """country countrycode countryname countryiso nation countryofresidence land staat laendercode pays codepays pais
        codigopais paese landcode""",
    "loyalty_id": """loyaltyid loyaltyno loyaltynumber loyaltynum loyaltycard loyaltycardno loyaltycardnumber loyaltycardid
        cardnumber cardno cardid cardnum memberid memberno membernumber membernum membershipid membershipno membershipnumber
        rewardsid rewardsmemberid loyaltymemberid rewardsno rewardsnumber rewardno rewardscard clubcard clubcardno clubcardnumber clubid clubno clubnumber bonuscard
        bonuscardno fidelityid fidelitycard fidelitynumber frequentflyer kundenkarte kundenkartennummer kartennummer kartennr
        kundenkartennr treuekarte mitgliedsnummer mitgliedsnr mitgliedid cartefidelite numerocarte nocarte numerocartefidelite
        numeroadherent tarjeta numerotarjeta tarjetafidelidad numerosocio socio tesserafedelta""",
    "national_id": """nationalid natlid natid nationalidnumber nationalidno nationalinsurance nationalinsurancenumber nino socsecid socsecno
        ssn ssnnumber ssnno socialsecurity socialsecuritynumber socialsecurityno socialsecurityid sin sinnumber taxid taxno taxnumber tin
        taxfilenumber tfn taxpayerid govid governmentid governmentidnumber nhsnumber nhsno medicareno medicarenumber passport
        passportno passportnumber driverslicense driverlicense driverslicensenumber driverlicensenumber drivinglicence dlnumber
        steuerid steuernummer steueridentifikationsnummer sozialversicherungsnummer svnr personalausweis ausweisnummer
        numerosecuritesociale securitesociale nir insee dni nif nie curp rfc cpf codicefiscale bsn burgerservicenummer personnummer""",
    "updated_at": """updatedat updated updatedon updatedate updatedtime updatetime updatets updatedts lastupdate lastupdated
        lastupdatedat lastupdatedon lastupdatedate lastmodified lastmodifiedat lastmodifieddate lastmodifiedon lastmod modified
        modifiedat modifiedon modifieddate modificationdate moddate changedat changedon changed lastchanged lastchange changedate
        lastchangedon lastseen lastactivity timestamp ts recordtimestamp modifiedts tsupdated updatedt lastupddt lastupddate upddate asof asofdate geaendertam aenderungsdatum aktualisiertam
        letzteaenderung stand datemodification datemaj misajour modifiele fechamodificacion fechaactualizacion actualizado
        modificado ultimamodificacion gewijzigdop""",
}  # fmt: skip


def words_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_EMPTY_BEFORE = words_set(
    """customer cust client contact person personal primary main home current own buyer shopper user member guest
    consumer patient voter billing bill invoice residence residential resident res mailing legal private std raw
    txt str fld col f kunden kunde kd cliente contacto persona principal addr address adr adresse the my a p c
    full"""
)
_EMPTY_AFTER = words_set(
    """value text txt str raw field col c1 c 1 one desc description lbl label cd code nm dt date full clean
    original orig fake primary main line number no num nr home work mobile adresse yyyy mm dd yyyymmdd mmddyyyy
    ddmmyyyy iso utc"""
)
_OTHER_KIND = words_set(
    """type kind flag status verified valid count optin consent opt in created age hash domain subscribed source is
    has spouse partner father mother maiden previous former old emergency shipping ship delivery work business
    company employer"""
)
OTHER_DATES = words_set(
    """created updated modified since joined join signup registered registration registr reg enrolled hired order
    purchase last first start end expiry expires valid visit login entered opened closed"""
)
"""Words by which a date is not one of birth."""
MOBILE = words_set("""mobile mobil mob cell cellphone handy portable movil celular gsm cellulare""")
"""Words by which a phone number is a person's own rather than a household's."""
PLAIN_NAMES = words_set("name nom naam nombre nome")
"""Words that may head whole names as well as one part of them."""
BARE_NUMBERS = words_set("nr no num number nummer numero n")
"""Names that say no more than that there is a number."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBERED = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_SHARP = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "ñ": "n", "°": "o", "№": " no ", "#": " no "})


@cache
def _meanings() -> dict[str, str]:
    return {word: field for field, words in _WORDS.items() for word in words.split()}


def words_of(name: str) -> tuple[str, ...]:
    """Split a column name into lower-case words without accents."""
    parted = _CAMEL.sub(" ", name.translate(_SHARP))
    plain = "".join(c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c)).casefold()
    return tuple(re.findall(r"[a-z0-9]+", _NUMBERED.sub(" ", plain))) or tuple(re.findall(r"\w+", plain))


def meaning_of(name: str) -> tuple[str | None, bool]:
    """Return the field that a column's name means.

    Args:
        name: the column as delivered.

    Returns:
        The field, or None when the name is not known; and whether it is known as it stands, without words left away.
        Besides the delivered fields there are address_part, address_full, birth_year, birth_month and birth_day.
    """
    words = words_of(name)
    known = _meanings()
    if (whole := "".join(words)) in known:
        return known[whole], True
    if any(word in _OTHER_KIND for word in words):
        return None, False
    return _without_empty_words(words, known), False


def _without_empty_words(words: tuple[str, ...], known: dict[str, str]) -> str | None:
    start, end = 0, len(words)
    starts = [0]
    while start < end - 1 and words[start] in _EMPTY_BEFORE:
        start += 1
        starts.append(start)
    ends = [end]
    while end > 1 and (words[end - 1] in _EMPTY_AFTER or words[end - 1].isdigit()):
        end -= 1
        ends.append(end)
    for first, last in sorted(((s, e) for s in starts for e in ends if s < e), key=lambda cut: cut[0] - cut[1]):
        field = known.get("".join(words[first:last]))
        if field is not None:
            return field
    return None
