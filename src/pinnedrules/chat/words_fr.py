"""French."""

from __future__ import annotations

from pinnedrules.chat.words_romance import effects_by, romance

__all__ = ["FRENCH"]

_DELETE = "supprim effac detrui vide vidage jet nettoy retir enlev corbeille"
_SEND = (
    "envo enver repon contact appel appell mail courriel messag transmet relanc invit notifi prevenir previen telephon "
)
_PUBLISH = "publi post tweet partag diffus televers pouss lik comment mettre_en_ligne soumet"
_SPEND = "achet pay pai command depens reserv vend vir rembours abonn transfer achat"
_EXECUTE = "lanc execut install deplo demarr redemarr eteign script"
_WRITE = (
    "modif chang touch boug deplac renomm ecras edit archiv ferm valid sign cree creer annul fusionn merg "
    "commit remplac accept refus inscri ajout ecriv ecrir "
)

_WORDS = {
    "lead": """
        par_contre cependant toutefois en_revanche neanmoins surtout seulement attendez attends quand_meme
        s_il_te_plait s_il_vous_plait stp svp merci please non oui oh ah hey eh ho bon ok okay alors mais et donc
        euh ben bah enfin bonjour salut allo dis dites ecoute ecoutez attention urgent urgence immediatement vite
        tout_de_suite mon_dieu putain merde bordel puree zut desole desolee pardon excuse_moi excusez_moi j_ai_dit
        je_t_ai_dit_d je_vous_ai_dit_d je_repete encore_une_fois finalement stop_stop franchement serieusement sinon
        d_abord la claude assistant maintenant_tu tu_sais_quoi par_pitie pitie xqx desormais
    """,
    "asked": """
        peux_tu pouvez_vous pourrais_tu pourriez_vous tu_peux tu_pourrais vous_pouvez vous_pourriez veux_tu
        voulez_vous veuillez merci_de merci_d je_voudrais_que_tu je_veux_que_tu je_veux_que_vous j_aimerais_que_tu
        j_aimerais_que_vous je_voudrais_que_vous est_ce_que_tu_peux est_ce_que_vous_pouvez je_te_demande_de
        je_te_demande_d je_vous_demande_de je_vous_demande_d priere_de priere_d je_vous_prie_de je_vous_prie_d
        je_te_prie_de je_te_prie_d auriez_vous_la_gentillesse_de auriez_vous_l_amabilite_d ayez_la_gentillesse_de
        s_il_est_possible_de serait_il_possible_de serait_il_possible_d je_souhaite_que_vous je_souhaite_que_tu
        il_faudrait_que_tu peut_on
    """,
    "req": """
        peux_tu pouvez_vous pourrais_tu pourriez_vous tu_peux tu_pourrais vous_pouvez vous_pourriez veux_tu
        voulez_vous veuillez merci_de merci_d je_voudrais_que_tu je_veux_que_tu je_veux_que_vous j_aimerais_que_tu
        j_aimerais_que_vous je_voudrais_que_vous est_ce_que_tu_peux est_ce_que_vous_pouvez je_te_demande_de
        je_te_demande_d je_vous_demande_de je_vous_demande_d priere_de priere_d je_vous_prie_de je_vous_prie_d
        je_te_prie_de je_te_prie_d auriez_vous_la_gentillesse_de auriez_vous_l_amabilite_d ayez_la_gentillesse_de
        s_il_est_possible_de serait_il_possible_de serait_il_possible_d je_souhaite_que_vous je_souhaite_que_tu
        il_faudrait_que_tu tu_dois vous_devez il_faut il_faut_que_tu il_faut_que_vous tu_devrais vous_devriez on
        peut_on on_va il_faudrait je_t_ai_dit_de je_t_ai_demande_de je_vous_ai_demande_de je_vous_ai_demande_d
        je_t_ai_demande_d tu_vas vous_allez j_exige_que_vous j_exige_que_tu je_veux_qu_on il_vaudrait_mieux
        vaut_mieux je_t_ordonne_de je_te_supplie_d je_vous_supplie_d je_te_supplie_de
    """,
    "atonce": "immediatement tout_de_suite maintenant sur_le_champ vite",
    "sending": "envoi envois suppression operation",
    "release": "lache lachez relache",
    "mistaken": "trompe trompee erreur mauvais mauvaise faux fausse",
    "towhom": "a aux au",
    "pass": "passer passe passent",
    "halt": """
        arrete arretez arreter arret arretes arretons arretiez stop stoppe stoppez stopper stoppes stoppons halte
        halt cesse cessez cesser cesses cessons t_arreter vous_arreter arrete_toi arretez_vous stop_stop cessiez
    """,
    "cut": "arrete arretez arreter cesse cessez cesser",
    "cancel": "annule annulez annuler",
    "pause": """
        pause annule annulez annuler suspends suspendez suspendre interromps interrompez interrompre abandonne
        abandonnez coupe coupez gele gelez bloque bloquez met_en_pause stand_by mets_en_pause mettez_en_pause
        mettre_en_pause stoppe stoppez mets_fin_a mettez_fin_a
    """,
    "bare": """
        ca_suffit cela_suffit assez c_est_assez y_en_a_marre j_en_ai_assez ca_suffit_comme_ca c_est_bon_arrete
        laisse_tomber laissez_tomber bas_les_pattes pas_touche stop_stop_stop arrete_tout arretez_tout
        on_arrete_tout on_arrete on_stoppe on_stoppe_tout on_fait_une_pause fais_une_pause faites_une_pause
        arret_d_urgence arret_immediat plus_un_geste pas_un_geste laisse_moi_faire retire_toi j_ai_change_d_avis
        je_change_d_avis coupe_tout debranche_tout eteins_tout minute_papillon tout_doux on_se_calme doucement
        arreter_tout
    """,
    "wait": """
        attends attendez attendre attend une_seconde une_minute un_instant un_moment deux_secondes deux_minutes
        minute patiente patientez attendez_voir attends_voir ne_quitte_pas ne_quittez_pas hop_hop_hop oh_la
        pas_si_vite minute_papillon stop_attends
    """,
    "now": """
        tout maintenant immediatement tout_de_suite sur_le_champ ca cela ici la tout_ca tout_cela s_il_te_plait
        s_il_vous_plait stp svp merci un_peu un_instant une_minute une_seconde un_moment pour_l_instant
        pour_le_moment pour_aujourd_hui deja donc vite de_suite tous toutes net le les toi vous aussi enfin
        ce_que_tu_fais ce_que_vous_faites ce_truc ce_que_tu_es_en_train_de_faire ce_que_vous_etes_en_train_de_faire
        immediat des_maintenant illico bon_sang pitie encore ca_suffit de_tout toute_activite toute_action
        toute_operation toutes_les_operations toutes_les_actions rien_de_plus
    """,
    "then": """
        c_est ce_n_est je j tu vous il elle on ils elles nous mes ma mon les le_client pourquoi qu_est_ce qui parce
        car avant sinon ce_sont tant je_n il_y c_etait ne n pas rien plus ou
    """,
    "object": """
        j_ai_oublie j_ai_un_doute je_dois je_me_suis c_est ce_n_est ce_n_etait ce_sont pas non ne n je_n stop erreur
        il_y_a_une_erreur tu_es vous_etes tu_n tu_te je_ne tu vous ca qui pourquoi mauvais on_ne il_ne mon_chef
        arrete mes ma pas_encore je_veux_verifier je_dois_verifier je_verifie laisse_moi
    """,
    "of": "de d avec a les l le la ces tes vos toutes tous ce",
    "det": """
        le la les l ce cet cette ces tes vos ton ta votre mes mon ma notre nos leurs son toutes tous tout toute
    """,
    "proc": """
        envoi envois suppression suppressions nettoyage traitement processus tache taches operation operations
        action actions script batch lot lots job jobs transfert virement virements paiement paiements commande
        commandes publication publications campagne import export synchro synchronisation migration deploiement
        agents sous_agents agent mailing emailing mails emails messages reponses relances modifications achats achat
        boucle travail automatisation remboursements programme_d_envoi machine procedure execution tout_ca
        telechargement upload purge sauvegarde reservations reservation robot mise_a_jour mises_a_jour
    """,
    "putting": "mets mettez mettre met",
    "held": "en_pause en_attente en_suspens en_stand_by",
    "leave": "laisse laissez",
    "alone": "tranquille tranquilles comme_ca comme_c_est intact intacts en_paix",
    "alone_only": """
        pause annule annulez annuler abandon abandonne abandonnez stop pas_maintenant plus_rien termine fini ca_ira
        ca_va_comme_ca c_est_bon_stop non_non_non non_non_non_non nan
    """,
    "neg": "ne n",
    "neg_alone": "non pas nan",
    "nothing": "rien personne",
    "more": "plus d_autre d_autres autre davantage de_plus un_de_plus encore",
    "neg_more": "plus_aucun plus_de plus_d rien_d_autre plus_rien plus_un plus_une plus_jamais_de",
    "more_neg": "pas_un_seul pas_d_autres pas_d_autre pas_un_de_plus",
    "none": "aucun aucune pas_de pas_d nul",
    "negated": "pas rien plus personne aucun aucune jamais point",
    "clitic": """
        le la les l lui leur y en me m te t vous nous se s surtout plus pas jamais rien tout de deja meme veux
        voulez faut_pas veuillez dois devez peux pouvez doit va vas allez envie_de aller te_permets vous_permettez
    """,
    "goon": """
        fais faites faire fasse fassiez continue continuez continuer continues agis agissez agir procede procedez
        proceder poursuis poursuivez poursuivre avance avancez va_plus_loin allez_plus_loin fasses commence
        commencez lance entreprends entreprenez bouge bougez
    """,
    "style": """
        commencer repeter utiliser parler dire fumer m_appeler me_dire me_parler m_ecrire me_demander t_excuser
        vous_excuser employer mettre_des expliquer resumer ecrire faire_des_listes tutoyer vouvoyer inventer
        ajouter_des xqx traduire terminer
    """,
    "with": "avec de pour les",
    "me": "me m nous",
    "clitic_me": "me_l",
    "until": """
        avant_que avant_d avant_de tant_que tant_qu jusqu_a jusqu sans sauf avant a_moins_que a_moins_qu excepte
    """,
    "always": """
        toujours systematiquement chaque_fois a_chaque_fois chaque desormais dorenavant a_partir_de_maintenant
        a_l_avenir en_aucun_cas sous_aucun_pretexte a_ma_place en_mon_nom de_ma_part a_notre_place
    """,
    "never": "jamais en_aucun_cas sous_aucun_pretexte",
    "on": "sur dans",
    "that": "que de d si",
    "particle": "pas plus jamais rien tout de deja a aux au",
    "suggest": """
        suggere suggerez suggerer propose proposez proposer propositions suggestions suggestion brouillon brouillons
        conseille conseils recommandations recommande lecture analyse observe observer lire regarde regarder lis
        idees des_suggestions des_propositions des_brouillons redige redigez prepare preparer
    """,
    "only": """
        seulement uniquement juste que simplement qu exclusivement rien_que contente_toi contentez_vous
        tu_te_contentes bornes_toi borne_toi limite_toi
    """,
    "ask": """
        demande demandez demander consulte consultez consulter montre montrez montrer confirmer verifie verifiez
        avertis previens prevenez soumets soumettez fais_moi_valider faites_moi_valider informe attends_mon
        attends_ma attends_mes attendez_mon attendez_ma passe_par_moi passez_par_moi interroge valider me_demander
        me_consulter me_montrer demande_moi demandez_moi montre_moi montrez_moi previens_moi prevenez_moi
        consulte_moi verifie_avec_moi j_approuve je_valide je_veux_voir je_veux_valider tu_me_demandes
        vous_me_demandez tu_me_montres vous_me_montrez pose_moi_la_question
    """,
    "before": "avant prealable prealablement prealables auparavant",
    "first": "d_abord premier prealable toujours prealablement",
    "my": "ma mon mes notre nos moi une un confirmation explicite le la l",
    "who": """
        moi je j me m nous on un_humain responsable le_client direction mon_chef l_equipe un_responsable mon ma
    """,
    "yes": """
        accord validation confirmation permission autorisation ok approbation feu_vert aval consentement go oui
        verification signal accord_explicite avis relecture demande
    """,
    "says": """
        dise dis dit ordonne donne confirme confirmes valide approuve autorise autorises demande demandes ok oui
        verifie relu vu aie ai aies repondu reponde tranche decide
    """,
    "approved": """
        approuve approuvee approuves approuvees valide validee valides validees confirme confirmee confirmees
        confirmes verifie verifiee autorise autorisee autorisees
    """,
    "confirmed": "confirmee confirme",
    "must": "doit doivent devra devront doit_etre",
    "need": "besoin necessite requiert exige",
    "goes": "passe passent",
    "requires": "requiert",
    "mode": """
        lecture_seule mode_lecture simulation_seulement simulation_uniquement dry_run mode_consultation
        consultation_seule a_blanc simulation
    """,
    "ido": """
        c_est_moi_qui je_decide c_est_moi_qui_decide je_m_en_charge_moi_meme j_envoie_moi_meme je_valide_tout
        moi_seul moi_seule je_publie_moi_meme je_m_occupe_de_l_envoi
    """,
    "from_now": "desormais dorenavant a_partir_de_maintenant a_l_avenir",
    "fine": "tu_peux vous_pouvez",
    "once": """
        cette_fois juste_cette_fois une_seule_fois exceptionnellement exception celui_la celle_la
        uniquement_celui_la pour_cette_fois seulement_celui_la seulement_celle_la
    """,
    "okgo": """
        vas_y allez_y je_confirme j_approuve approuve d_accord_vas_y tu_peux_y_aller autorise sans_demander reprends
        reprenez continue_sans
    """,
    "dismiss": "oublie oubliez ignore ignorez annule leve levez",
    "rules": "regle regles consigne consignes restriction restrictions ce_que_j_ai_dit limite",
    "text": """
        ecris ecrivez redige redigez traduis traduisez traduire resume resumez explique expliquez corrige corrigez
        reformule formule trouve_un liste donne_moi_un imagine raconte decris dessine rappelle_moi rends_ce
        prepare_un prepare_une cree_un cree_une
    """,
    "tell": "dis dites demande demandez rappelle ecris envoie_lui reponds",
    "work": """
        liste listez cherche cherchez trouve montre affiche calcule compare classe trie donne ajoute mets mettez
        redemarre configure ouvre lis prends organise planifie deplace verifie_si
    """,
    "cond": "si quand lorsque apres_avoir une_fois des_que",
    "wh": """
        pourquoi comment quel quelle quels quelles ou_est combien quand qui_est que_veut est_ce_qu qu_est_ce_que
        a_quelle c_est_quoi est_ce_que_je est_ce_que_le
    """,
    "acting": "envoi suppression publication achat",
    "by": "par",
    "and": "et",
    "be": "est sont reste restes restez en mode",
    "in": "en",
    "que": "que",
    "me_show": "me_montrer me_demander",
}

FRENCH = romance(
    _WORDS,
    acts=f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE}",
    effects=effects_by(_DELETE, _SEND, _PUBLISH, _SPEND, _EXECUTE, _WRITE),
)
