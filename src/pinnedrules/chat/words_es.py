"""Spanish."""

from __future__ import annotations

from pinnedrules.chat.words_romance import effects_by, romance

__all__ = ["SPANISH"]

_DELETE = "borr elimin suprim destru vaci limpi quit desech tir papelera"
_SEND = "envi mand respond respues contest contact llam reenv escrib escrit avis notifi correo mensaje invit"
_PUBLISH = "public publiq post tuit compart sub suba difund coment"
_SPEND = "compr pag gast reserv vend transf transfier reembols suscrib encarg pid_o_compr contrat"
_EXECUTE = "ejecut instal despleg despli lanz lanc arranc reinici corr"
_WRITE = (
    "modifi cambi toc toq mov muev renombr sobrescrib edit archiv cierr cerr firm acept rechaz cancel cre crea "
    "fusion aprob agreg met "
)

_WORDS = {
    "lead": """
        sin_embargo eso_si solo_que espera por_favor porfa porfavor please gracias no si oye oiga oigan hey eh ey ah
        ay uf bueno vale ok okay pero y entonces pues mira mire escucha escuche atencion urgente urgencia
        inmediatamente ya rapido dios dios_mio mierda joder cono caray perdon perdona disculpa disculpe lo_siento
        he_dicho dije te_dije_que te_digo_que repito otra_vez mejor hola buenas de_verdad en_serio claude asistente
        por_dios por_el_amor_de_dios hombre tio che ahora ahora_mismo primero xqx venga anda madre_mia
    """,
    "asked": """
        puedes puede podrias podria podeis pueden me_puedes podrias_por_favor quieres quiere haz_el_favor_de
        haga_el_favor_de quiero_que necesito_que me_gustaria_que quisiera_que te_pido_que le_pido_que le_ruego_que
        te_ruego_que seria_posible seria_tan_amable_de podemos podriamos necesitamos_que ruego_que les_pido_que
    """,
    "req": """
        puedes puede podrias podria podeis pueden me_puedes podrias_por_favor quieres quiere haz_el_favor_de
        haga_el_favor_de quiero_que necesito_que me_gustaria_que quisiera_que te_pido_que le_pido_que le_ruego_que
        te_ruego_que seria_posible seria_tan_amable_de podemos podriamos necesitamos_que ruego_que les_pido_que
        tienes_que debes tiene_que debe deberias deberia hay_que vamos_a te_dije_que te_he_dicho_que le_dije_que
        exijo_que te_ordeno_que hagan_el_favor_de es_mejor_que mejor_que te_suplico_que vas_a va_a
    """,
    "atonce": "ahora ahora_mismo inmediatamente ya de_inmediato enseguida",
    "sending": "envio envios borrado operacion",
    "release": "suelta suelte suelten",
    "mistaken": "equivoque equivocado equivocada error mal",
    "towhom": "a al",
    "pass": "pasar pasa pasan",
    "halt": """
        pararas pararan pararlo para pare paren parar pares parad paremos parate deten detenga detengan detener
        detente detenganse detengase deteneos detengas detenerte alto stop frena frene frenen frenar deja deje dejen
        dejar dejad dejes dejemos cesa cese cesen parale ya_para para_para paralo parelo
    """,
    "cut": "deja deje dejen dejar dejad dejes para pare paren parar cesa cese",
    "cancel": "cancela cancele cancelen cancelar anula anule anular cancelalo",
    "pause": """
        pausa pause pausar pausalo cancela cancele cancelen cancelar cancelalo cancelad suspende suspenda suspender
        interrumpe interrumpa interrumpir aborta aborte abortar anula anule anular congela detenlo detenlos paralo
        paralos frenalo abandona corta corte
    """,
    "bare": """
        haz_una_pausa haga_una_pausa hagan_una_pausa hacer_una_pausa que_pares que_pare tantito ya_estuvo
        ya_estuvo_bueno basta basta_ya ya_basta ya_esta_bien suficiente es_suficiente ya_es_suficiente quieto quieta
        quietos dejalo dejalo_ya dejelo dejenlo dejalos dejalo_estar dejalo_asi ni_uno_mas ni_una_mas no_mas
        manos_fuera fuera_las_manos he_cambiado_de_opinion cambie_de_opinion cambio_de_opinion hasta_aqui hasta_ahi
        parada_de_emergencia alto_ahi alto_ya para_ya ya_no_mas detenlo_todo paralo_todo tiempo_muerto eso_no asi_no
        quita_las_manos apaga_todo apagalo
    """,
    "wait": """
        esperate_tantito espera_tantito espera espere esperen esperate esperar esperese esperad aguarda aguarde
        un_momento un_segundo un_minuto un_momentito momento momentito momentico un_ratito un_rato aguanta
        dame_un_momento dame_un_segundo deme_un_momento no_tan_rapido mas_despacio un_segundito espera_espera
        para_el_carro
    """,
    "now": """
        todo toda todos todas eso esto aquello ya ahora ahora_mismo inmediatamente de_inmediato enseguida aqui ahi
        alli por_favor porfa gracias un_momento un_segundo un_minuto un_poco por_ahora de_una_vez por_hoy de_momento
        lo_que_estas_haciendo lo_que_esta_haciendo lo_que_haces lo_que_sea_que lo_que_estes las los lo la
        cuanto_antes ya_mismo ya_basta tambien hombre tio otra_vez en_seguida cualquier_cosa cualquier_accion
        toda_accion toda_actividad todas_las_acciones en_este_momento urgente tu ustedes usted
    """,
    "then": """
        esa ese eso es esos esas esta estas este estos yo tu usted no nos los_clientes por_que porque pues antes son
        soy voy ya hay te me nunca quien estoy lo es_mi
    """,
    "object": """
        no eso esa ese es estas esta te tu me yo_no nunca son hay error equivocado equivocada quien por_que
        todavia_no aun_no para alto dejame tengo_que_revisar quiero_revisar tengo_que_comprobar stop estos aquellos
        los_clientes
    """,
    "of": "de con los las el la",
    "det": """
        el la los las lo ese esa esos esas este esta estos estas tus tu su sus mis mi todos todas todo toda nuestro
        nuestra
    """,
    "proc": """
        envio envios borrado eliminacion limpieza proceso procesos tarea tareas operacion operaciones accion
        acciones script lote lotes job trabajo transferencia transferencias pago pagos pedido pedidos compra compras
        publicacion publicaciones campana importacion exportacion sincronizacion migracion despliegue agentes agente
        subagentes correos mensajes respuestas cambios bucle automatizacion reembolsos ejecucion descarga subida
        purga reservas actualizacion maquina robot masacre invitaciones
    """,
    "putting": "pon ponga pongan poner deja",
    "held": "en_pausa en_espera en_suspenso en_stand_by",
    "leave": "deja deje dejen",
    "alone": "en_paz tranquilo tranquilos asi quieto quietos",
    "alone_only": """
        pausa cancela cancele cancelar aborta abortar anula anular suficiente no_mas ya stop ahora_no todavia_no
        no_no_no no_no_no_no listo ya_esta basta ya_vale vale_ya interrumpe suspende
    """,
    "neg": "ni_se_te_ocurra ni_se_le_ocurra no ni",
    "neg_alone": "no nop",
    "nothing": "nada nadie ningun ninguno ninguna",
    "more": "mas otro otra otros otras",
    "neg_more": "no_mas nada_mas ni_un ni_una ningun_otro ninguna_otra ya_no basta_de",
    "more_neg": "ni_uno_mas ni_una_mas",
    "none": "ningun ninguna nada_de cero sin nada",
    "negated": "nada nadie nunca jamas ningun ninguna mas",
    "clitic": """
        tu usted lo la los las le les se te me nos ya quiero_que necesito_que vuelvas_a vuelva_a debes debe puedes
        puede a hace_falta_que se_te_ocurra mas quiero es_necesario pueden
    """,
    "goon": """
        hagas haga hagan hacer haz hagais sigas siga sigan seguir continues continue continuen continuar actues
        actue actuen actuar procedas proceda proceder avances avance empieces empiece emprendas prosigas prosiga
        intervengas
    """,
    "style": """
        empezar usar utilizar repetir decir fumar llamarme decirme hablarme escribirme preguntarme explicar resumir
        disculparte hablar traducir inventar poner tutearme xqx terminar saludar agregar
    """,
    "with": "con de",
    "me": "me nos",
    "clitic_me": "me_lo",
    "until": "hasta_que hasta sin antes_de_que antes_de antes salvo excepto a_menos_que mientras",
    "always": """
        siempre cada_vez cada de_ahora_en_adelante a_partir_de_ahora en_adelante en_ningun_caso
        bajo_ninguna_circunstancia en_mi_nombre por_tu_cuenta por_mi
    """,
    "never": "nunca jamas en_ningun_caso bajo_ninguna_circunstancia bajo_ningun_concepto nunca_jamas",
    "on": "en sobre",
    "that": "que a si",
    "particle": "mas a nada ya todavia aun",
    "suggest": """
        propon proponga proponer proponme sugiere sugiera sugerir sugerencias sugerencia propuestas borrador
        borradores recomienda recomiende recomendar recomendaciones lectura analiza analizar mira observa lee leer
        ideas consejos redacta prepara
    """,
    "only": "solo solamente unicamente nada_mas_que simplemente limitate_a limitese_a exclusivamente",
    "ask": """
        preguntame pregunta pregunte pregunteme preguntarme preguntar consultame consulta consulte consultarme
        consultar pideme pidame pedirme pide_permiso pida_permiso muestrame mostrarme ensename avisame confirma
        confirme confirmame verifica conmigo consultalo pedir_permiso quiero_aprobar quiero_ver necesito_aprobar
        yo_apruebo debo_aprobar espera_mi espere_mi pregunten preguntes
    """,
    "before": "antes previamente",
    "first": "primero previamente siempre",
    "my": "mi mis nuestra nuestro una un el la su confirmacion",
    "who": "yo te lo la me nosotros mi alguien un_humano responsable jefe cliente el_cliente legal",
    "yes": """
        permiso aprobacion confirmacion autorizacion ok visto_bueno consentimiento orden si luz_verde consultar
        preguntar preguntarme consultarme mostrarme avisarme decirmelo pedirme conformidad revision aviso
    """,
    "says": """
        diga digo dije confirme confirmo apruebe apruebo autorice autorizo pida ordene de_permiso revise
        haya_revisado haya avise vea responda indique lo_diga mande
    """,
    "approved": """
        aprobado aprobada aprobados aprobadas confirmado confirmada autorizado autorizada revisado revisada
        verificado
    """,
    "must": "debe deben tiene_que tienen_que debera necesita necesitan requiere",
    "need": "necesita necesitan necesitas requiere requieren necesitaras",
    "goes": "pasa pasan va van",
    "requires": "requiere",
    "mode": "solo_lectura modo_lectura simulacion simulacro modo_simulacion dry_run solo_consulta en_seco",
    "ido": """
        yo_decido decido_yo yo_envio yo_publico yo_pago lo_envio_yo yo_me_encargo_de_enviar soy_yo_quien
        yo_soy_quien los_envio_yo las_envio_yo yo_los_mando yo_apruebo yo_lo_envio
    """,
    "from_now": "a_partir_de_ahora de_ahora_en_adelante en_adelante desde_ahora",
    "fine": "puedes puede",
    "once": "esta_vez solo_esta_vez por_esta_vez excepcion excepcionalmente una_excepcion solo_este solo_esta",
    "okgo": "adelante lo_apruebo apruebo confirmo autorizo te_autorizo hazlo procede sin_preguntar reanuda reanude",
    "dismiss": "olvida olvide ignora ignore quita levanta",
    "rules": "regla reglas lo_que_dije instrucciones limite restriccion restricciones",
    "text": """
        escribe escriba redacta redacte traduce traduzca resume resuma explica explique corrige reformula prepara_un
        prepara_una inventa cuenta describe recuerdame crea_un crea_una dame_un dibuja transcribe
    """,
    "tell": "dile diga di_a pregunta_a pidele recuerdale escribele avisa_a contesta",
    "work": """
        lista listar busca busque encuentra muestra calcula compara ordena clasifica dame agrega pon ponga reinicia
        configura abre lee organiza planifica haz revisa mueve
    """,
    "cond": "si cuando despues_de una_vez en_caso_de",
    "wh": """
        por_que como cual cuales que_significa donde cuanto cuantos cuando a_que quien_es para_que que_es que_hora
    """,
    "acting": "envio borrado",
    "by": "por",
    "and": "y",
    "be": "esta es queda modo quedate",
    "in": "en",
    "que": "que",
    "me_show": "mostrarme preguntarme consultarme ensenarmelo",
}

SPANISH = romance(
    _WORDS,
    acts=f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE}",
    effects=effects_by(_DELETE, _SEND, _PUBLISH, _SPEND, _EXECUTE, _WRITE),
)
