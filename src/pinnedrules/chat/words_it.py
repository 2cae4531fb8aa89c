"""Italian."""

from __future__ import annotations

from pinnedrules.chat.words_romance import effects_by, romance

__all__ = ["ITALIAN"]

_DELETE = "cancell elimin rimuov distrugg svuot pul puli togl butt cestin"
_SEND = "invi mand rispond contatt chiam inoltr scriv avvis notific spedi email mail messagg invit"
_PUBLISH = "pubblic post twitt condivid caric diffond comment"
_SPEND = "compr acquist pag spend prenot vend trasfer rimbors abbon ordin bonific"
_EXECUTE = "esegu install distribu avvi lanc riavvi"
_WRITE = (
    "modific cambi tocc spost rinomin sovrascriv edit archivi chiud firm accett rifiut annull cre crea approv "
    "aggiung salv "
)

_WORDS = {
    "lead": """
        pero tuttavia comunque invece aspetta per_favore per_piacere per_cortesia please grazie no si ehi hey oh ah
        eh ehm beh bene ok okay ma e allora quindi senti senta ascolta ascolti attenzione urgente urgenza
        immediatamente subito presto dio dio_mio oddio cazzo merda accidenti scusa scusi scusate mi_dispiace
        ho_detto_di ti_ho_detto_di le_ho_detto_di ho_detto ripeto di_nuovo meglio ciao buongiorno davvero sul_serio
        claude assistente per_l_amor_di_dio per_amor_di_dio adesso ora prima_di_tutto xqx dai mamma_mia cavolo
        insomma guarda
    """,
    "asked": """
        puoi puo potresti potrebbe potete mi_puoi vuoi voglio_che vorrei_che desidero_che ho_bisogno_che
        ti_chiedo_di le_chiedo_di vi_chiedo_di sarebbe_possibile potremmo possiamo ti_prego_di la_prego_di
        si_prega_di saresti_cosi_gentile_da gradirei_che
    """,
    "req": """
        puoi puo potresti potrebbe potete mi_puoi vuoi voglio_che vorrei_che desidero_che ho_bisogno_che
        ti_chiedo_di le_chiedo_di vi_chiedo_di sarebbe_possibile potremmo possiamo ti_prego_di la_prego_di
        si_prega_di saresti_cosi_gentile_da gradirei_che devi deve dovete dovresti dovrebbe bisogna ti_ho_detto_di
        le_ho_detto_di ti_avevo_detto_di pretendo_che e_meglio meglio ti_supplico_di ti_ordino_di voglio_che_tu
        vorrei_che_tu vorrei_che_lei ti_prego la_prego ti_avevo_chiesto_di ti_ho_chiesto_di
    """,
    "atonce": "subito immediatamente adesso ora",
    "sending": "invio invii spedizione operazione cancellazione",
    "release": "molla molli mollate",
    "mistaken": "sbagliato sbagliata sbagliati sbagliate errore",
    "towhom": "a ai al alle agli alla",
    "pass": "passare passa passi passano",
    "halt": """
        smetta fermassi smettessi ferma fermati fermate fermatevi fermare fermarti fermi fermiti fermiamoci fermiamo
        fermo fermalo fermali fermala fermarsi si_fermi si_fermino stop alt smetti smettila smettete smettetela
        smetterla smettere smettiamo smettilo finiscila finitela basta piantala piantatela arresta arrestati arresti
        arrestare blocca bloccati blocchi bloccare blocca_tutto la_smetta la_finisca stoppa stoppare stoppalo
    """,
    "cut": """
        smetti smettila smettete smetterla smettere smetta finiscila piantala basta finisci cessa cessare cessi
        cessate evita eviti
    """,
    "cancel": "annulla annullare annulli annullate annullalo",
    "pause": """
        pausa annulla annullare annullate annulli annullalo sospendi sospendere sospenda sospendete interrompi
        interrompere interrompa interrompete interrompilo abortisci blocca bloccare blocchi congela termina
        abbandona molla cessa cessate ferma fermare fermi stacca spegni
    """,
    "bare": """
        fai_una_pausa faccia_una_pausa fare_una_pausa facciamo_una_pausa basta basta_cosi ora_basta adesso_basta
        e_sufficiente sufficiente e_abbastanza abbastanza fermo fermi ferma_tutto altola lascia_stare lasci_stare
        lasciate_stare lascia_perdere lasci_perdere lascialo_stare lascia_cosi giu_le_mani togli_le_mani
        ho_cambiato_idea arresto_di_emergenza stop_di_emergenza nemmeno_uno_in_piu cosi_no quello_no niente_piu
        mai_piu non_piu spegni_tutto stacca_tutto lascia_fare_a_me fermiamo_tutto fermate_tutto per_carita_no
        molla_tutto tieni_giu_le_mani
    """,
    "wait": """
        aspetta aspetti aspettate aspettare attendi attenda attendere attendete un_attimo un_momento un_secondo
        un_minuto un_attimino attimo momento frena frenate calma piano dammi_un_attimo dammi_un_minuto
        dammi_un_secondo mi_dia_un_attimo non_cosi_in_fretta alt aspetta_aspetta aspettami
    """,
    "now": """
        tutto tutti tutte questo quello cio adesso ora subito immediatamente all_istante qui li la per_favore
        per_piacere per_cortesia grazie un_attimo un_momento un_secondo un_minuto un_po per_ora per_adesso per_oggi
        per_il_momento una_buona_volta quello_che_stai_facendo cio_che_stai_facendo quello_che_sta_facendo cosi qua
        anche lo le gia ogni_cosa qualsiasi_cosa qualsiasi_azione ogni_azione ogni_operazione ogni_attivita
        tutte_le_operazioni tutte_le_azioni dai urgente con_tutto con_questo tu lei davvero
    """,
    "then": """
        quella quello quelli quelle questa questo questi queste io tu lei e_il e_la e_un sono mio mia miei mie non
        nessuno i_clienti che perche prima stai sta hai c_e ci_sono mai chi ho era voglio i_miei il_mio la_mia
        le_mie
    """,
    "object": """
        devo non quella quello quelli questo questa no e_il e_la sono stai sta hai mio mia miei mie c_e ci_sono
        errore sbagliato sbagliata chi perche non_ancora ferma basta fammi devo_controllare voglio_controllare
        devo_verificare stop mai i_clienti era il_mio la_mia
    """,
    "of": "di con le i gli il la d",
    "det": """
        il lo la i gli le l quel quella quei quelle quello questo questa questi queste tuo tua tuoi tue suo sua suoi
        miei mie mio mia tutti tutte tutto tutta nostro ogni
    """,
    "proc": """
        invio invii cancellazione cancellazioni eliminazione pulizia processo processi compito attivita operazione
        operazioni azione azioni script lotto lotti job lavoro trasferimento trasferimenti bonifico bonifici
        pagamento pagamenti ordine ordini acquisto acquisti pubblicazione pubblicazioni campagna importazione
        esportazione sincronizzazione migrazione deploy rilascio agenti agente sotto_agenti email mail messaggi
        risposte modifiche ciclo loop automazione rimborsi esecuzione download caricamento prenotazioni
        aggiornamento robot inviti procedura spedizione spedizioni
    """,
    "putting": "metti metta mettete mettere tieni",
    "held": "in_pausa in_attesa in_sospeso in_stand_by",
    "leave": "lascia lasci lasciate",
    "alone": "in_pace stare perdere cosi",
    "alone_only": """
        pausa annulla annullare annulli interrompi interrompa sospendi sufficiente stop non_ora non_adesso
        non_ancora no_no_no no_no_no_no basta alt termina fermo sospenda
    """,
    "neg": "non",
    "neg_alone": "no non",
    "nothing": "niente nulla nessuno",
    "more": "altro altra altri altre piu ancora",
    "neg_more": """
        non_piu niente_piu nient_altro nessun_altro nessun_altra basta_con_gli basta_con_le basta_con_i basta_con
        neanche_un neanche_una piu_nessun piu_nessuna niente_altro mai_piu
    """,
    "more_neg": "nemmeno_un nemmeno_una neanche_uno",
    "none": "nessun nessuna nessuno zero niente senza nulla",
    "negated": "niente nulla nessuno mai piu alcun alcuna",
    "clitic": """
        lo la li le gli ne si ti mi ci vi piu mai devi deve puoi puo voglio_che vorrei_che tu ti_permettere
        provare_a azzardarti_a ancora assolutamente stare_a devono si_deve va_mai bisogna
    """,
    "goon": """
        farlo farli fare fai fate faccia faccio continuare continua continui proseguire prosegui prosegua procedere
        procedi proceda agire agisci agisca andare_avanti avanzare iniziare iniziate intraprendere farne
    """,
    "style": """
        iniziare usare utilizzare ripetere dire fumare chiamarmi dirmi parlarmi scrivermi chiedermi spiegare
        riassumere scusarti parlare tradurre inventare mettere terminare xqx cominciare scrivere salutare aggiungere
        ringraziare darmi
    """,
    "with": "con di",
    "me": "mi ci",
    "clitic_me": "me_lo",
    "until": "finche fino_a fin_quando senza prima_che prima_di prima salvo tranne a_meno_che fintanto",
    "always": """
        sempre ogni_volta ogni d_ora_in_poi da_ora_in_poi d_ora_in_avanti in_futuro in_nessun_caso per_nessun_motivo
        a_nome_mio a_mio_nome per_conto_mio di_tua_iniziativa da_adesso_in_poi
    """,
    "never": "mai in_nessun_caso per_nessun_motivo per_nessuna_ragione mai_piu",
    "on": "su nel nella sul sulla in",
    "that": "che di se",
    "particle": "piu a niente nulla gia ancora mai",
    "suggest": """
        suggerisci suggerisca suggerire suggerimenti suggerimento proponi proponga proporre proposte bozza bozze
        consiglia consigli raccomanda raccomandazioni lettura analizza analisi osserva leggi leggere guarda guardare
        idee prepara
    """,
    "only": "solo soltanto solamente unicamente semplicemente limitati_a si_limiti_a esclusivamente",
    "ask": """
        chiedi chieda chiedimi chiedere chiedermi chiedete consulta consultami consulti consultarmi domanda
        domandami mostrami mostrarmi fammi_vedere mi_faccia_vedere avvisami avvisa conferma confermare confermi
        verifica con_me voglio_approvare devo_approvare approvo_io aspetta_il_mio aspetta_la_mia attendi_la_mia
        attendi_il_mio mi_chiedi mi_chieda chieda_a_me passa_da_me
    """,
    "before": "prima previa previo preventivamente",
    "first": "prima sempre preventivamente innanzitutto",
    "my": "mio mia miei nostra nostro una un il la l conferma esplicita",
    "who": "io te mi me noi mio mia qualcuno un_umano responsabile capo cliente il_cliente legale a_me da_me",
    "yes": """
        permesso approvazione conferma autorizzazione ok benestare consenso ordine si via_libera chiedere chiedermi
        consultarmi mostrarmi avvisarmi nullaosta revisione verifica assenso avermelo avermi parere
    """,
    "says": """
        dico dica dicessi confermo confermi approvo approvi autorizzo autorizzi chiedo ordino verifico controllato
        ho visto abbia rispondo do dato ok dia ordini deciso
    """,
    "approved": """
        approvato approvata approvati approvate confermato confermata confermati autorizzato autorizzata verificato
        verificata
    """,
    "must": "deve devono va vanno dovra serve",
    "need": "serve servono richiede richiedono necessita bisogno",
    "goes": "va vanno passa",
    "requires": "richiede",
    "mode": """
        sola_lettura solo_lettura modalita_lettura simulazione modalita_simulazione dry_run sola_consultazione
    """,
    "ido": """
        decido_io io_decido invio_io pubblico_io pago_io li_mando_io le_mando_io sono_io_che sono_io_a mando_io
        lo_mando_io approvo_io ci_penso_io_a_inviare io_approvo spedisco_io clicco_io premo_io
    """,
    "from_now": "d_ora_in_poi da_ora_in_poi d_ora_in_avanti da_adesso_in_poi in_futuro",
    "fine": "puoi puo",
    "once": """
        questa_volta solo_questa_volta per_questa_volta eccezione un_eccezione eccezionalmente solo_questo
        solo_questa
    """,
    "okgo": """
        vai_pure procedi_pure approvo lo_approvo confermo autorizzo ti_autorizzo fallo senza_chiedere riprendi
        riprenda
    """,
    "dismiss": "dimentica ignora ignori togli annulla",
    "rules": "regola regole quello_che_ho_detto istruzioni limite restrizione restrizioni",
    "text": """
        scrivi scriva redigi rediga traduci traduca riassumi riassuma spiega spieghi correggi riformula prepara_un
        prepara_una inventa racconta descrivi ricordami crea_un crea_una dammi_un disegna trascrivi
    """,
    "tell": "di_a digli dille ricorda_a scrivi_a avvisa rispondi",
    "work": """
        elenca elencare cerca cerchi trova mostra calcola confronta ordina organizza dammi aggiungi metti riavvia
        configura apri leggi fai pianifica controlla_se sposta
    """,
    "cond": "se quando dopo_aver una_volta appena",
    "wh": """
        perche come quale quali che_significa cosa_significa dove quanto quanti quando a_che chi_e a_cosa cos_e
        che_ora cosa_vuol
    """,
    "acting": "invio cancellazione",
    "by": "da dal dalla",
    "and": "e",
    "be": "e sta resta modalita rimani",
    "in": "in",
    "que": "che",
    "me_show": "mostrarmi chiedermi avermelo_mostrato",
}

ITALIAN = romance(
    _WORDS,
    acts=f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE}",
    effects=effects_by(_DELETE, _SEND, _PUBLISH, _SPEND, _EXECUTE, _WRITE),
)
