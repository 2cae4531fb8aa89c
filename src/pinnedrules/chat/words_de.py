"""German. Its verbs stand at the end or in two pieces, so it has patterns of its own."""

from __future__ import annotations

from pinnedrules.chat.grammar import Language, Patterns
from pinnedrules.chat.words_romance import effects_by

__all__ = ["GERMAN"]

_DELETE = (
    "losch loesch geloscht geloescht geleert leer entfern lehr weggeworf wegwerf weggeschmiss vernicht "
    "bereinig aufraum aufgeraum raum entsorg papierkorb verwirf verwerf ausleer "
)
_SEND = (
    "sende senden send sendest gesendet versend versand verschick schick geschickt abschick abgeschickt "
    "abzuschick mail maile maili anschreib angeschrieb antwort beantwort kontaktier anruf angeruf anzuruf ruf "
    "benachrichtig weiterleit weitergeleit einlad "
)
_PUBLISH = (
    "post veroffentlich veroeffentlich publizier tweet twitter teil geteilt hochlad hochgelad hochzulad lad "
    "kommentier push freischalt online "
)
_SPEND = (
    "kauf gekauft einkauf bezahl zahl uberweis ueberweis uberwies bestell gebucht buch buche verkauf erstatt "
    "miet ausgeb ausgegeb beauftrag abonnier abbuch geld reservier "
)
_EXECUTE = (
    "fuhr fuehr ausfuhr ausgefuhr ausfuehr starte starten gestartet neustart installier deploy ausroll "
    "ausgeroll migrier "
)
_WRITE = (
    "ander aender geandert veraender verander bearbeit anfass angefasst anzufass fass fasst beruhr anruhr "
    "anruehr ruhr verschieb verschob umbenenn umbenann benenn uberschreib ueberschreib commit merge mergen "
    "archivier schliess geschlossen signier unterschreib akzeptier bestatig zusag absag annimm anleg angelegt "
    "erstell ersetz modifizier eintrag stornier kundig "
)

_WORDS = {
    "lead": """
        bitte nein ja doch ok okay oh ach ah hey he hallo hi moin halt so also und aber jetzt sofort mal endlich
        einfach danke dankeschon nun los du sie ihr alle leute mann alter junge mensch gott o_gott oh_gott
        um_gottes_willen um_himmels_willen scheisse mist verdammt verflucht entschuldigung entschuldige sorry
        verzeihung pardon achtung dringend wichtig ich_sagte ich_hab_gesagt ich_habe_gesagt nochmal noch_einmal
        ich_wiederhole guten_morgen guten_tag horen_sie hor_zu bloss nur wirklich ernsthaft claude assistent lieber
        besser sogar auch erstmal vorerst please xqx doch_nicht na naja ey eh oje meine_gute nee ne no moment_mal
        schnell erstens zuerst kurz jetzt_sofort ab_jetzt von_jetzt_an ab_sofort kunftig und_zwar
    """,
    "asked": """
        kannst_du konntest_du konnten_sie konnen_sie konnt_ihr wurdest_du wurden_sie kannst_du_bitte
        konntest_du_bitte konnten_sie_bitte konnen_wir wurden_sie_bitte magst_du ich_mochte_dass_du ich_will_dass_du
        ich_mochte_,_dass_du ich_will_,_dass_du ich_bitte_dich ich_bitte_sie ware_es_moglich
        ich_hatte_gern_,_dass_du ich_mochte_,_dass_sie ich_will_,_dass_sie ich_bitte_darum ich_mochte_sie_bitten
        ich_mochte_dich_bitten ich_muss_dich_bitten ich_muss_sie_bitten darf_ich_sie_bitten darf_ich_dich_bitten
        seien_sie_so_gut seien_sie_so_freundlich sei_so_gut sei_so_lieb
    """,
    "req": """
        kannst_du konntest_du konnten_sie konnen_sie konnt_ihr wurdest_du wurden_sie kannst_du_bitte
        konntest_du_bitte konnten_sie_bitte konnen_wir wurden_sie_bitte magst_du ich_mochte_dass_du ich_will_dass_du
        ich_mochte_,_dass_du ich_will_,_dass_du ich_bitte_dich ich_bitte_sie ware_es_moglich
        ich_hatte_gern_,_dass_du ich_mochte_,_dass_sie ich_will_,_dass_sie ich_bitte_darum ich_mochte_sie_bitten
        ich_mochte_dich_bitten ich_muss_dich_bitten ich_muss_sie_bitten darf_ich_sie_bitten darf_ich_dich_bitten
        seien_sie_so_gut seien_sie_so_freundlich sei_so_gut sei_so_lieb du_sollst du_musst sie_mussen sie_sollen
        sie_sollten du_solltest lass_uns lassen_sie_uns wir_sollten wir_mussen ich_sagte_du_sollst du_kannst
        sie_konnen du_darfst ihr_sollt ihr_musst ich_habe_gesagt_du_sollst ich_hab_gesagt_du_sollst
    """,
    "halt": """
        stop stopp stoppe stoppen stoppt stoppst anhalten halt haltet halte hort_auf hor_auf hore_auf horen_sie_auf
        aufhoren aufzuhoren aufhorst schluss stop_jetzt anzuhalten stehenbleiben stehen_bleiben innehalten halt_an
        halten_sie halten_sie_an halte_an einhalten aufgehort hoert_auf hoer_auf hoeren_sie_auf aufhoeren hoere_auf
        stoppst_du unterlass unterlasse unterlassen_sie unterlassen unterlasst
    """,
    "pause": """
        pausiere pausieren pausier pausiert pause abbrechen brich_ab brech_ab breche_ab brechen_sie_ab brecht_ab
        abbruch abzubrechen brich brechen_sie breche beende beenden beenden_sie unterbrich unterbrechen
        unterbrechen_sie stoppe stoppen stoppen_sie stopp stop annullieren einfrieren friere halte_an halten_sie_an
        halte halten_sie anhalten storniere widerrufe unterbinde stell_ein stellen_sie_ein einstellen stelle
        stellen_sie kill kille
    """,
    "cut": """
        hor_auf hort_auf horen_sie_auf hore_auf aufhoren hoer_auf hoeren_sie_auf hoere_auf unterlass unterlasse
        unterlassen_sie aufzuhoren aufhorst lass_es_bleiben schluss lass lassen_sie
    """,
    "bare": """
        mach_eine_pause machen_sie_eine_pause mach_mal_eine_pause leg_eine_pause_ein legen_sie_eine_pause_ein
        mach_pause schluss schluss_jetzt schluss_damit schluss_aus es_reicht das_reicht jetzt_reichts reicht reichts
        jetzt_reicht_es genug genug_jetzt das_genugt es_genugt lass_es lass_das lass_sein lass_es_sein lass_das_sein
        lass_gut_sein lassen_sie_das lassen_sie_es lassen_sie_es_sein lassen_sie_das_sein lasst_das lass_es_bleiben
        lass_das_bleiben lass_stecken weg_da notaus not_aus notstopp not_stopp notstop nicht_so_schnell
        langsam_langsam ruhig_blut keinen_schritt_weiter kein_weiterer_schritt keine_weiteren_aktionen
        keine_weiteren_schritte zieh_den_stecker stecker_ziehen schalte_alles_ab schalt_ab aus_jetzt alles_stopp
        alles_stoppen alles_anhalten sofort_stoppen ich_habe_es_mir_anders_uberlegt ich_hab_s_mir_anders_uberlegt
        anders_uberlegt auf_keinen_fall um_gottes_willen_nicht so_nicht lass_liegen stillhalten bleib_stehen
        keine_bewegung nicht_bewegen aufhoren_jetzt feierabend nimm_die_finger_weg nehmen_sie_die_finger_weg
        nimm_die_hande_weg
    """,
    "weg": """
        lass_die_finger_von lassen_sie_die_finger_von nimm_die_finger_von nehmen_sie_die_finger_von finger_von
        lass_die_finger_weg finger_weg hande_weg finger_davon pfoten_weg nimm_die_finger_weg
    """,
    "hor": "hor hort hore horen hoer horen_sie hoeren_sie hoert hoere",
    "brich": "brich brech breche brechen brecht brechen_sie",
    "stell": "stell stelle stellen stellen_sie",
    "wait": """
        warte warten warten_sie wart wartet warte_mal wart_mal warte_bitte moment mal_langsam augenblick sekunde
        minute einen_moment einen_augenblick eine_sekunde eine_minute kurz_warten moment_mal momentchen halt_mal
        stopp_mal langsam sachte immer_langsam abwarten gedulde_dich gemach einen_kleinen_moment kleinen_moment
        ganz_kurz
    """,
    "now": """
        bitte jetzt sofort alles alle das es damit hier da danke endlich mal doch unverzuglich augenblicklich
        auf_der_stelle gleich einfach erstmal vorerst vorlaufig kurz fur_heute fur_jetzt fur_den_moment
        fur_einen_moment heute einen_moment eine_minute eine_sekunde mit_allem mit_dem_allem was_du_tust
        was_du_da_tust was_du_gerade_tust was_sie_tun was_sie_gerade_tun was_auch_immer_du_tust was_du_machst
        was_du_gerade_machst was_sie_gerade_machen ab an ein mit dem_ganzen ganze_sache dies dieses diesen
        noch_heute sein bleiben mehr weiter schon auch umgehend bis_auf_weiteres also mann alter den das_ganze
        den_ganzen_kram so du sie dich mir in_ruhe nun lieber jede_aktion alle_aktionen jegliche_aktion alle_agenten
        alle_prozesse alle_vorgange
    """,
    "then": """
        das_ist das_sind das_war die_sind ich du sie wir er es_ist es_sind mein meine was warum wieso weil da denn
        sonst bevor nicht nichts kein keine falsch falsche falscher hier_ist hast bist ihr niemand und_warte
        und_mach und_sag und_zeig und_tu und_erklar und_lass und_gib und_melde ehe
    """,
    "object": """
        das_stimmt da_stimmt ich_muss_erst nicht nichts nein das_ist das_sind das_war falsch falsche falscher
        falschen die_sind du sie_sind kein keine ich_habe_nicht ich_hab_nicht ich_wollte mein meine meinen stopp
        stop halt da_ist etwas_stimmt hier_stimmt wer warum_loschst was_machst was_tust der_kunde der_chef ich_muss
        ich_will ich_mochte_erst lass niemand fehler irrtum sind die_falsche nie es_gibt das_geht ist
    """,
    "zu": "zu",
    "det": """
        den die das der dem diesen diese dieses dieser alle alles deine deinen dein deiner ihre ihren ihr meine
        meinen mein unsere unseren allen jede jeden samtliche weitere weiteren sofort jetzt bitte mit von aktuelle
        laufende laufenden ganze ganzen restliche geplante automatische
    """,
    "proc": """
        versand vorgang vorgange lauf prozess prozesse loschung loschen loschvorgang loeschung loeschen uberweisung
        uberweisungen zahlung zahlungen zahlungslauf bestellung bestellungen bestellvorgang aktion aktionen job jobs
        batch skript script aufraumaktion aufraumen auftrag auftrage kampagne import export synchronisation
        migration deployment rollout agenten agent unteragenten subagenten mailing rundmail mails e_mails emails
        nachrichten antworten schleife automatik automatisierung erstattungen ausfuhrung durchlauf aufgabe aufgaben
        arbeit ganze upload download buchung buchungen umbenennung senden verschicken bearbeitung posten posts
        veroffentlichung anderungen bot roboter kauf kaufe bezahlvorgang checkout serienmail einladungen newsletter
        serienbrief verschieben einkauf sache unsinn quatsch theater stapel bereinigung
    """,
    "leave": "lass lassen_sie lasst",
    "alone": "in_ruhe stehen liegen sein bleiben wie_es_ist wie_sie_sind unverandert",
    "putting": "leg lege legen_sie setz setze setzen_sie stell stelle stellen_sie",
    "held": "auf_eis auf_pause",
    "alone_only": """
        pause pausieren abbrechen abbruch genug stop ende nein_nein_nein nein_nein_nein_nein nicht aus moment reicht
        danke_reicht vergiss_es_stop schluss lieber_nicht
    """,
    "neg": "nicht nichts kein keine keinen keiner keinem niemand niemandem niemanden nix",
    "nothing": "nichts niemand niemandem niemanden nix kein keine keinen",
    "more": "mehr weiter weitere weiteren weiterer sonst noch anderes andere anderen einzige",
    "go": """
        weitermachen weiter weitermachst mach machen machst machen_sie macht tun tu tun_sie tust unternimm
        unternehmen unternehmen_sie fortfahren fahre fahr fahren_sie fortsetzen handeln handle handelst handeln_sie
        loslegen agieren agier anfangen fang weiterarbeiten ausprobieren eingreifen unternimmst
    """,
    "particle": "an ab aus auf weg ein um hoch raus rein los fort zuruck weiter frei",
    "it": """
        das es den die dies diese diesen ihn sie ihm ihr ihnen da daran damit dort der dem mir meine meinen mein
        unsere unseren alles
    """,
    "style": """
        xqx zu_sagen zu_erklaren zu_wiederholen zu_benutzen zu_verwenden zu_schreiben zu_fragen zu_rauchen
        mich_zu_siezen mich_zu_duzen dich_zu_entschuldigen sich_zu_entschuldigen zu_beginnen zu_reden anzufangen
        mit_den_emojis mit_emojis zusammenzufassen zu_ubersetzen
    """,
    "until": "bis bevor ohne ehe ausser es_sei_denn solange solang erst_wenn vor",
    "always": """
        immer jedes_mal jedesmal stets grundsatzlich generell kunftig von_jetzt_an ab_jetzt ab_sofort in_zukunft
        unter_keinen_umstanden auf_keinen_fall in_meinem_namen eigenmachtig von_dir_aus selbststandig von_selbst nur
        selber selbst jemals
    """,
    "never": "nie niemals nie_wieder niemals_wieder unter_keinen_umstanden auf_keinen_fall keinesfalls nie_mehr",
    "suggest": """
        vorschlag vorschlage vorschlagen vorzuschlagen schlag empfehlungen empfehlen entwurf entwurfe entwerfen
        lesen gelesen lesend ansehen anschauen analysieren analyse beobachten schauen gucken ideen hinweise tipps
        lesezugriff vorbereiten berichten planen
    """,
    "only": "nur bloss ausschliesslich lediglich",
    "ask": """
        frag frage fragen fragst fragen_sie fragt nachfragen ruckfrage rucksprache ruckfragen um_erlaubnis gefragt
        zeig_mir zeige_mir zeigen_sie_mir vorlegen leg_mir legen_sie_mir sag_mir_bescheid sag_bescheid bescheid
        informier informiere hol hole holen_sie einholen abstimmen absprechen sprich abklaren klar klare
        vorher_fragen bestatigen_lassen konsultier
    """,
    "before": "bevor vorher zuvor ehe zuerst erst vor davor zunachst",
    "mine": """
        mein meine meinen meiner meinem ausdruckliche ausdrucklichen unsere unserer unser die eine ein einen das
        explizites explizite dem der ihrer schriftliche
    """,
    "me": "mich mir ich uns wir jemand jemanden chef kunde kundin der_chef ein_mensch einem_menschen von_mir",
    "yes": """
        okay ok zustimmung freigabe erlaubnis bestatigung genehmigung go einwilligung einverstandnis ja segen zusage
        ruckfrage rucksprache anweisung zu_fragen nachzufragen nachfrage absprache autorisierung startsignal
        freizeichen wort prufung abstimmung zustimme
    """,
    "says": """
        sage sag gesagt zustimme zugestimmt bestatige bestatigt freigebe freigegeben erlaube erlaubt ok okay
        genehmige genehmigt gebe gegeben es_sage sagen geantwortet gepruft draufgeschaut melde entschieden zuruck
        bescheid frage entscheide ja gelesen gesehen anweise will mochte
    """,
    "approved": "freigegeben genehmigt bestatigt abgesegnet gepruft abgenommen erlaubt zugestimmt vorgelegt",
    "must": """
        muss mussen wird werden soll sollen darf durfen braucht brauchen benotigt benotigen erfordert erfordern geht
        gehen
    """,
    "need": """
        brauche brauchst braucht brauchen benotigt benotigen erfordert erfordern bedarf bedurfen nur_mit erst_nach
    """,
    "mode": """
        schreibgeschutzt nur_lesen nur_lesend lesemodus nur_lesezugriff trockenlauf probelauf testlauf dry_run tabu
        nur_lesemodus simulation nur_ansehen nur_gucken nur_schauen finger_weg_immer
    """,
    "ido": """
        entscheide_ich ich_entscheide das_mache_ich schicke_ich sende_ich tu_ich mache_ich abschicken_tu_ich
        ich_sende ich_schicke ich_klicke ich_drucke ich_uberweise ich_bezahle ich_poste ich_veroffentliche
        ich_losche verschicke_ich bezahle_ich poste_ich uberweise_ich bestelle_ich losche_ich kaufe_ich
    """,
    "self": "selbst selber allein persoenlich personlich immer ich",
    "from_now": "ab_sofort ab_jetzt von_jetzt_an kunftig in_zukunft regel die_regel neue_regel grundregel",
    "once": """
        diesmal nur_diesmal dieses_eine_mal nur_dieses_eine_mal ausnahmsweise ausnahme einmalig nur_diese nur_diesen
        nur_dieses nur_heute nur_den nur_die sonst_nichts nur_das
    """,
    "fine": "du_darfst darfst_du du_kannst sie_durfen sie_konnen",
    "okgo": """
        leg_los mach_ruhig du_darfst ich_genehmige ich_bestatige genehmigt freigegeben ich_stimme_zu
        einverstanden_mach nur_zu ohne_ruckfrage ohne_nachfrage mach_weiter weitermachen_bitte
    """,
    "dismiss": "vergiss ignorier ignoriere ignorieren_sie vergessen_sie streich streiche",
    "rules": "die_regel regel regeln was_ich_gesagt_habe anweisung anweisungen einschrankung einschrankungen",
    "text": """
        schreib schreibe schreiben_sie ubersetze ubersetz ubersetzen_sie uebersetze fasse fass_zusammen formuliere
        formulier formulieren_sie erklar erklare erklaren_sie korrigiere korrigier kurze kurz_den erzahl beschreib
        beschreibe erinnere_mich erinner_mich mach_mir_ein mach_mir_eine erstell_ein erstell_eine erstelle_ein
        erstelle_eine erstelle_einen entwirf verfasse verfass setz_ein zeichne gestalte was_heisst was_bedeutet
    """,
    "tell": "sag sage sagen_sie frag frage teil bitte_den bitte_die erinnere",
    "tellto": "ihm ihr ihnen dem der den meinem meiner frau herrn herr mama papa max anna",
    "work": """
        liste such suche finde zeig zeige berechne vergleich vergleiche ordne sortiere sortier gib gib_mir trag
        trage nimm setze setz starte lies plane mach_eine mach_ein mach_den mach_die mach_das prufe pruf offne
        offnen_sie leg_an verschieb verschiebe losch losche loesche loeschen_sie loschen_sie schick schicke sende
        buche buch bestell bestelle kauf kaufe bezahl bezahle uberweise storniere stornier kundige kundig sag_das
        sag_den sag_die sage_den sage_das konfiguriere installiere installier entferne entfern andere ander
        aktualisiere exportiere importiere archiviere archivier antworte antwort leite ruf rufe lade lad fuge fug
        fulle full hol_das stell_den stelle_den bereinige raum raume benenne ersetze fuhre zahl zahle
    """,
    "cond": "wenn falls sobald nachdem",
    "wh": """
        warum wieso weshalb wie was_ist wer welche welcher welches wann wo woher wohin wie_viel wie_viele was_kostet
        was_macht ist sind hat haben was_sind hast_du bist_du gibt_es darf_ich kann_ich soll_ich muss_ich
    """,
    "on": "in auf an",
    "dass": "dass",
    "mit": "mit",
}

_PATTERNS = Patterns(
    shown=(
        "^(?:lead|,|asked)* text",
        "^(?:lead|,|asked)* tell tellto",
    ),
    work=(
        "^(?:lead|,|asked)* work (?!(?:now|it|det)* any? (?:now|it)* (?:close|neg)|.*neg particle? close)",
        "^(?:lead|,)* cond",
    ),
    asks=(
        "^(?!.*req)(?!(?:lead|,|now)*(?:halt|bare|neg|wait close)).*query$",
        "^(?:lead|,|wait)* wh",
    ),
    halts=(
        "(?:^|,|lead|req|wait) hor (?:now|lead|any)? (?:now|lead)* auf",
        "(?:^|,|lead|req|wait) brich any{0,4} ab end",
        "(?:^|,|lead|req|wait) stell (?:now|det any) (?:now|lead)* ein end",
        "(?:^|,|lead|req|wait) halt (?:now|lead|halt|wait|bare)* (?:end|(?=then|bis (?:ich|wir|du|es)))",
        "^(?:lead|now|,)* neg more? (?:now|lead)* close",
        "(?:halt|cut) (?:now|lead)* ,? (?:mit)? any{0,7} zu act",
        "(?:halt|cut) (?:now|lead)* ,? any{0,5} act end",
        "(?:halt|bare) (?:mit|damit) (?:det)* any? (?:proc|act)",
        "(?:^|,|lead|req|wait) (?:pause|halt) (?:now|lead)+ (?:end|(?=then|bis (?:ich|wir|du|es)))",
        "(?:^|,|lead|req|wait) pause (?:now|lead)* close",
        "(?:^|,|lead|req|wait|halt) bare (?:now|lead|halt|wait)* (?:end|(?=then|bis (?:ich|wir|du|es)))",
        (
            "(?:^|,|lead|req|wait) (?:halt|pause) det+ any{0,1} proc (?:now|lead|particle|any)? "
            "(?:end|(?=then|bis (?:ich|wir|du|es)))"
        ),
        "req (?:now|lead|it|det)* any? (?:now|lead)* (?:halt|pause) (?:now|lead)* end",
        "^(?:lead|,|now)* (?:now|det any{0,2}|det proc) (?:lead|now)* (?:halt|pause) close",
        "^(?:lead|,|now|wait)* wait (?:wait|now|lead|,)* close",
        "(?:^|,|lead) wait (?:wait|now|lead|more|,)* (?:object|halt|bare)",
        "(?:^|,|lead) leave (?:it|det any{1,2}|any{1,2}) alone",
        "(?:^|,|lead) putting (?:now|det any) held",
        "^(?:lead|,|now)* alone_only (?:now|lead|,|wait|halt)* close",
        "(?:^|,|lead) neg (?:any)? more any{0,2} (?:act|proc)",
        "(?:^|,|lead) neg more any? proc",
        "(?:^|,|lead|req) (?:any{0,4}) stoppen (?:end|sofort)",
        "^(?:lead|,|now)* proc (?:now|lead)* (?:halt|pause) ",
        "muss (?:now|lead)* (?:aufhoren|stoppen)",
    ),
    surely=(
        "(?:^|,|lead) cut (?:now|lead)* , any{1,6} zu act",
        ", (?:halt|bare) (?:now|lead)* close",
        "^(?:lead|,)* halt , ",
        "^(?:lead|,)* (?:halt|bare) (?:now|lead)+ (?:close|,)",
    ),
    style=(
        "wait neg auf",
        "(?:halt|cut) (?:lead|now)* ,? (?:any{0,3}) style",
        "act (?:mir|mich) neg",
        "neg any? zu schreiben",
    ),
    forbids=(
        "(?:^|,|lead|req|wait) weg",
        "(?:^|,|lead|req|wait|halt|bare) neg any{0,5} (?:act|go)",
        "(?:^|,|lead|req|wait|halt|bare) (?:act|go) (?:it|lead|now|det|any){0,4} neg",
        "(?:^|,|lead|req) (?:it|det any|any) neg (?:more)? (?:act|go)",
        "(?:du|sie) (?:sollst|darfst|sollen|durfen) .* neg .*act",
    ),
    standing=(
        "until",
        "always",
        "never",
        "from_now",
        "neg (?:any){1,2} (?:on) any",
    ),
    now=(
        "more",
        "weg",
        "nothing (?:now|lead|particle|more)* (?:act|go)? (?:particle)? (?:end|(?=then|bis (?:ich|wir|du|es)))",
        "it neg",
        "neg (?:it|more|now|lead)* (?:act|go) (?:end|(?=then|bis (?:ich|wir|du|es)))",
        "(?:act|go) (?:it|now|lead|det|any){0,3} neg (?:particle|more|now)* (?:end|(?=then|bis (?:ich|wir|du|es)))",
        "(?:act|go) (?:lead|now)* nothing",
        "neg (?:it any|det any)",
    ),
    firm=(
        "only suggest .*",
        "(?:^|,|lead)(?:suggest|mode) ,? (?:lead)* ,? neg (?:act|go)",
    ),
    limits=(
        "never any{0,6} (?:act|go)",
        "(?:act|go) any{0,4} never",
        "neg .*(?:act|go) .*until",
        "(?:act|go) .*neg .* until",
        "(?:act|go) never",
        "only any{0,2} suggest",
        "(?:^|,|go|mach)suggest only",
        "(?:^|,|lead|always|req|only) ask (?:me|lead|,|now|always|nach|du|sie)* before",
        "(?:will|mochte|muss) any{1,6} (?:sehen|prufen|freigeben|genehmigen|bestatigen|absegnen)",
        "(?:before|always) .*ask",
        "(?:^|,|lead) ask (?:me) (?:always|before|first|end)",
        "ohne any{0,3} yes",
        "ohne (?:dass) .*(?:says|yes)",
        "until .*(?:me|mine) .*(?:says|yes|approved)",
        "(?:neg|nothing|never) .* until .*(?:yes|says|ask)",
        "wait (?:any){0,3} auf mine any? yes",
        "wait .*bis .*(?:says|yes)",
        "mode",
        "must .*me .*approved",
        "before any{1,6} , (?:lead)* (?:zeig|zeige|sag|gib|leg|ask)",
        "must .*(?:mine) any? yes",
        "need any{0,2} mine any? yes",
        "(?:mine) yes .*(?:need|notig|erforderlich|einholen|vor)",
        "ido (?:any{0,3}) self",
        "ido",
        "(?:act|proc|any) (?:nur|erst) (?:mit|nach) mine any? yes",
        "(?:kein|keine|keinen) any{1,4} ohne",
        "from_now .*(?:neg|never|ask|only)",
        "nur any{0,4} (?:als) suggest",
        "suggest .*ido",
        "nichts .*ohne .*(?:mich|yes|mine)",
        "only any{0,2}(?:gelesen|lesen)",
        "erst any{0,3} ask",
        "neg (?:act|go) .*until",
        "nur (?:mit|nach) mine any? yes",
        "du (?:darfst|sollst) neg any{0,4} act",
    ),
    spares=(
        "fine .*ohne any? (?:yes|nachfrage)",
        "once(?!.*(?:nie|kein))",
        "^(?:lead|,)* ask (?:tellto|any) ob",
    ),
    permits=("okgo",),
    dismisses=("dismiss any? rules",),
)

GERMAN = Language(
    _WORDS,
    _PATTERNS,
    alerts=(
        "weg hor brich stell halt pause bare wait neg never only until ask alone_only mode ido okgo dismiss "
        "putting leave need must cut always "
    ),
    effects=effects_by(_DELETE, _SEND, _PUBLISH, _SPEND, _EXECUTE, _WRITE),
    stems={"act": f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE}"},
    inherits="then",
    relaxes="okgo rules",
)
