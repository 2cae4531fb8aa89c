"""Portuguese, of Brazil and of Portugal."""

from __future__ import annotations

from pinnedrules.chat.words_romance import effects_by, romance

__all__ = ["PORTUGUESE"]

_DELETE = "apag elimin exclu delet remov destru limp esvazi tir descart lixeira"
_SEND = "envi mand respond contact ligu lig encaminh escrev avis notific email mensag convid"
_PUBLISH = "public publiq post tuit twit compartilh partilh sub divulg coment"
_SPEND = "compr pag gast reserv vend transf reembols assin encomend contrat pix devolv"
_EXECUTE = "execut instal implant lanc inici reinici rod corr"
_WRITE = (
    "modific modifiq alter alt mud mex toq toc mov renome sobrescrev edit arquiv fech assin aceit recus cancel "
    "cri cria aprov troc adicion "
)

_WORDS = {
    "lead": """
        porem contudo no_entanto so_que espera por_favor pf pfv porfavor faz_favor se_faz_favor please obrigado
        obrigada nao sim ei oi ola hey eh ah ai uai opa gente cara mano bom ok okay ta tudo_bem mas e entao olha
        olhe escuta escute atencao urgente urgencia imediatamente ja rapido deus meu_deus nossa merda porra caramba
        desculpa desculpe perdao eu_disse_pra eu_disse_para disse_para ja_disse repito de_novo outra_vez melhor
        serio a_serio claude assistente pelo_amor_de_deus agora agora_mesmo primeiro xqx po poxa credo
    """,
    "asked": """
        voce_pode pode podes poderia podia da_pra da_para consegue quer queira faca_o_favor_de faz_o_favor_de
        quero_que preciso_que gostaria_que eu_gostaria_que peco_que te_peco_que peco_lhe_que seria_possivel podemos
        poderiamos preciso_que_voce quero_que_voce queria_que voce_poderia agradecia_que agradeceria_que
    """,
    "req": """
        voce_pode pode podes poderia podia da_pra da_para consegue quer queira faca_o_favor_de faz_o_favor_de
        quero_que preciso_que gostaria_que eu_gostaria_que peco_que te_peco_que peco_lhe_que seria_possivel podemos
        poderiamos preciso_que_voce quero_que_voce queria_que voce_poderia agradecia_que agradeceria_que
        voce_tem_que voce_precisa voce_deve tens_de tens_que deves tem_de tem_que deveria devia vamos eu_disse_pra
        eu_disse_para mandei e_melhor melhor exijo_que vai eu_pedi_pra eu_pedi_para e_para e_pra
    """,
    "atonce": "agora ja imediatamente agora_mesmo de_imediato",
    "sending": "envio envios disparo exclusao operacao",
    "release": "larga largue solta solte",
    "mistaken": "errado errada enganei errei erro engano",
    "towhom": "a ao aos para pra pro pros",
    "pass": "passar passa passam",
    "halt": """
        parasse parasses parassem para pare parem parar pares pareis paremos pararem para_ja stop alto chega deixa
        deixe deixem cessa cesse cessar parou pare_pare para_para deter detenha detem trava trave freia freie larga
        largue
    """,
    "cut": "para pare parem parar pares deixa deixe deixem cessa cesse chega",
    "cancel": "cancela cancele cancelem cancelar anula anule anular cancelas",
    "pause": """
        pausa pause pausar pausem cancela cancele cancelem cancelar cancelas suspende suspenda suspender interrompe
        interrompa interromper interrompam aborta aborte abortar anula anule anular congela congele encerra encerre
        desliga desligue desiste desista trava trave segura segure
    """,
    "bare": """
        faz_uma_pausa faca_uma_pausa fazer_uma_pausa facam_uma_pausa chega basta ja_chega ja_basta e_suficiente
        suficiente ja_deu deu_chega quieto quieta deixa_quieto deixe_quieto deixa_estar deixa_isso deixa_pra_la
        nem_mais_um nem_mais_uma nao_mais tira_as_maos tire_as_maos maos_fora mudei_de_ideia parada_de_emergencia
        para_tudo pare_tudo parem_tudo isso_nao assim_nao chega_disso desliga_tudo pode_parar podes_parar corta
        calma_ai_para alto_la larga_isso largue_isso solta
    """,
    "wait": """
        espera espere esperem esperar aguarda aguarde aguardem um_momento um_segundo um_minuto um_instante
        um_minutinho um_momentinho momento pera perai peraí pera_ai espera_ai espere_ai calma calma_ai segura_ai
        segura segure_ai aguenta aguenta_ai da_um_tempo me_da_um_minuto um_bocado nao_tao_rapido devagar
        so_um_minuto so_um_momento so_um_segundo so_um_instante so_um_minutinho alto_ai
    """,
    "now": """
        tudo isso isto aquilo ja agora agora_mesmo imediatamente de_imediato logo aqui ai ali por_favor pf obrigado
        obrigada um_momento um_segundo um_pouco um_bocado um_pouquinho um_minuto um_instante por_agora por_enquanto
        por_hoje de_uma_vez o_que_voce_esta_fazendo o_que_esta_fazendo o_que_estas_a_fazer o_que_esta_a_fazer todas
        todos o os a as com_isso com_tudo com_isto urgente tambem cara mano gente voce de_vez la quanto_antes ja_ja
        qualquer_coisa toda_acao todas_as_acoes neste_momento nesse_momento disso
    """,
    "then": """
        essa esse isso e_o e_a esses essas esta estas este estes eu voce tu nao ninguem os_clientes por_que porque
        antes sao sou ja ha tem nunca quem estou era quero nada ta_errado ta_mandando ta_apagando ainda
    """,
    "object": """
        preciso tenho_que preciso_conferir nao isso essa esse isto este esta e_o e_a sao voce tu eu_nao nunca meu
        minha meus minhas ha tem erro errado errada quem por_que ainda_nao para chega pare deixa_eu me_deixa
        preciso_verificar quero_ver tenho_que_ver stop nunca_pedi era os_clientes deixa_me
    """,
    "of": "de com os as o a",
    "det": """
        minhas minha meus o a os as esse essa esses essas este esta estes estas isso seu sua seus suas teu tua meu
        todos todas todo toda nosso nossa esta_tudo
    """,
    "proc": """
        envio envios disparo disparos exclusao exclusoes remocao limpeza processo processos tarefa tarefas operacao
        operacoes acao acoes script lote lotes job trabalho transferencia transferencias pagamento pagamentos pedido
        pedidos compra compras publicacao publicacoes postagem postagens campanha importacao exportacao
        sincronizacao migracao deploy implantacao agentes agente subagentes emails e_mails mensagens respostas
        mudancas alteracoes loop automacao reembolsos execucao download upload purga reservas atualizacao robo
        convites encomendas encomenda
    """,
    "putting": "poe ponha coloca coloque deixa deixe bota bote mete",
    "held": "em_pausa em_espera em_suspenso em_stand_by",
    "leave": "deixa deixe deixem",
    "alone": "em_paz quieto quietos quieta assim sossegado",
    "alone_only": """
        pausa pause cancela cancele cancelar aborta abortar interrompe interrompa suficiente stop agora_nao
        ainda_nao nao_nao_nao nao_nao_nao_nao pronto chega deu interromper para_para suspende suspenda
    """,
    "neg": "nem_pense_em nem_pensar_em nem_pense nem_pensar nao nem",
    "neg_alone": "nao nope",
    "nothing": "nada ninguem nenhum nenhuma",
    "more": "mais outro outra outros outras",
    "neg_more": """
        nao_mais mais_nada nem_um nem_uma nenhum_outro chega_de basta_de mais_nenhum mais_nenhuma nem_mais
    """,
    "more_neg": "nem_mais_um nem_mais_uma",
    "none": "nenhum nenhuma zero sem nada",
    "negated": "nada ninguem nunca jamais nenhum nenhuma mais",
    "clitic": """
        voce voces tu o a os as lhe lhes se te me nos ja quero_que preciso_que volte_a deve pode podes em mais
        e_para e_pra va vai va_me nao e quero deves
    """,
    "goon": """
        faca facas facam fazer faz fazes continue continues continuem continuar prossiga prossigas prosseguir aja
        ajas agir avance avances comece comeces siga sigas proceda tome execute_nada inicie
    """,
    "style": """
        comecar usar utilizar repetir dizer fumar me_chamar chamar_me me_dizer falar explicar resumir pedir_desculpa
        pedir_desculpas traduzir inventar por colocar terminar xqx escrever perguntar cumprimentar acrescentar
    """,
    "with": "com de",
    "me": "me",
    "clitic_me": "me_o",
    "until": "ate_que ate sem antes_que antes_de antes salvo exceto a_menos_que a_nao_ser enquanto",
    "always": """
        sempre cada_vez cada de_agora_em_diante a_partir_de_agora daqui_em_diante daqui_para_a_frente em_nenhum_caso
        em_nenhuma_circunstancia em_meu_nome por_conta_propria em_hipotese_alguma toda_vez
    """,
    "never": "nunca jamais em_hipotese_alguma em_nenhuma_circunstancia nunca_mais em_caso_algum em_nenhum_caso",
    "on": "em no na nos nas",
    "that": "que para pra se",
    "particle": "mais a nada ja ainda em",
    "suggest": """
        sugira sugere sugerir sugestao sugestoes proponha propoe propor propostas rascunho rascunhos recomende
        recomenda recomendar recomendacoes leitura analise analisa observe leia ler ideias conselhos redige prepare
    """,
    "only": "apenas so somente unicamente simplesmente limite_se_a exclusivamente",
    "ask": """
        pergunta pergunte perguntar me_pergunte perguntar_me pergunta_me pergunte_me consulta consulte consultar
        me_consulte me_consultar pede peca pedir me_mostre me_mostra mostrar_me mostra_me mostre avisa avise
        confirma confirme confirmar verifica comigo quero_aprovar quero_ver preciso_aprovar eu_aprovo
        tenho_que_aprovar espere_meu espere_minha aguarde_minha aguarde_meu pede_me peca_me pergunte_pra_mim
        perguntes
    """,
    "before": "antes previamente",
    "first": "primeiro previamente sempre",
    "my": "meu minha meus nossa nosso uma um o a confirmacao",
    "who": "eu me mim nos meu minha alguem um_humano responsavel chefe cliente o_cliente juridico",
    "yes": """
        permissao aprovacao confirmacao autorizacao ok aval consentimento ordem sim luz_verde consultar perguntar
        me_perguntar me_consultar me_mostrar mostrar avisar me_avisar me_pedir concordancia revisao perguntar_me
        conhecimento
    """,
    "says": """
        diga mande mandar disser dizer confirme confirmar aprove aprovar autorize autorizar peca pedir ordene revise
        revisar avise avisar veja responda liberar libere der_o_ok der falar fale ok
    """,
    "approved": """
        aprovado aprovada aprovados aprovadas confirmado confirmada autorizado autorizada revisado revisada
        verificado
    """,
    "must": "deve devem tem_que tem_de precisa precisam devera requer",
    "need": "precisa precisam precisas requer requerem necessita exige",
    "goes": "passa passam vai vao",
    "requires": "requer",
    "mode": """
        so_leitura somente_leitura apenas_leitura modo_leitura simulacao modo_simulacao dry_run so_consulta
        modo_consulta
    """,
    "ido": """
        eu_decido decido_eu eu_envio eu_publico eu_pago envio_eu sou_eu_que sou_eu_quem quem_envia_sou_eu
        eu_mesmo_envio quem_decide_sou_eu eu_aprovo quem_manda_sou_eu quem_publica_sou_eu
    """,
    "from_now": "a_partir_de_agora de_agora_em_diante daqui_em_diante daqui_para_a_frente",
    "fine": "pode podes voce_pode",
    "once": """
        desta_vez so_desta_vez so_dessa_vez dessa_vez excecao uma_excecao excepcionalmente so_este so_esta so_esse
        so_essa
    """,
    "okgo": """
        pode_ir vai_em_frente va_em_frente eu_aprovo aprovo confirmo autorizo esta_autorizado prossiga sem_perguntar
        retome retoma
    """,
    "dismiss": "esquece esqueca ignora ignore remove levanta",
    "rules": "regra regras o_que_eu_disse instrucoes limite restricao restricoes",
    "text": """
        escreve escreva redige redija traduz traduza resume resuma explica explique corrige corrija reformula
        prepara_um prepara_uma inventa conta descreve lembra_me me_lembra me_lembre cria_um cria_uma crie_um
        crie_uma de_me_um desenha transcreve
    """,
    "tell": "diz diga_ao diga_a pergunta_ao pede_ao avisa_o fala_pro fala_para responde",
    "work": """
        lista liste listar busca busque procura procure encontra mostra mostre calcula calcule compara compare
        ordena organiza organize adiciona coloca poe reinicia configura abre leia faz faca_uma marca marque agenda
        agende revisa move
    """,
    "cond": "se quando depois_de assim_que caso",
    "wh": """
        por_que porque_e_que como qual quais o_que_significa onde quanto quantos quando a_que quem_e para_que_serve
        pra_que o_que_e que_horas
    """,
    "acting": "envio exclusao",
    "by": "por pela pelo",
    "and": "e",
    "be": "esta e fica modo fique",
    "in": "em",
    "que": "que",
    "me_show": "me_mostrar mostrar me_perguntar perguntar",
}

PORTUGUESE = romance(
    _WORDS,
    acts=f"{_DELETE} {_SEND} {_PUBLISH} {_SPEND} {_EXECUTE} {_WRITE}",
    effects=effects_by(_DELETE, _SEND, _PUBLISH, _SPEND, _EXECUTE, _WRITE),
)
