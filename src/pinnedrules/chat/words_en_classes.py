"""English words and phrases by class."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "lead": """
        damn_it god_damn_it goddamnit fuck_it please just now ok oh oops uh um er erm hmm hey hi hello no nope nah
        yes yeah yep yo bro bruh dude man mate guys folks buddy girl god gosh jeez jesus christ omg omfg wtf lol ffs
        smh damn dammit damnit shit fuck fucking hell crap ugh argh ah aah eek yikes well so and but also then
        actually seriously honestly sorry listen look attention urgent urgently again repeat i_repeat i_said i_mean
        immediately kindly thanks thank_you cheers for_gods_sake for_fucks_sake for_heavens_sake for_christs_sake
        instead right quick quickly fast nvm nevermind never_mind claude assistant agent bot robot computer chatgpt
        gpt gemini copilot siri alexa ai everyone everybody all_of_you sir madam dear darling good_morning
        good_afternoon morning important first second third stupid idiot moron excuse_me pardon sorry_to_interrupt
        sorry_to_bother_you apologies warning alert emergency because cause cuz coz bc simply absolutely carefully
        immediatly you_all both xqx however either_way anyway btw by_the_way help oh_god oh_no my_god alright
        one_thing_though though better not_like_that not_that on_second_thought on_second_thoughts right_now at_once
        this_instant until_further_notice scratch_that ok_ok mistake my_mistake wrong meanwhile until_then for_now
        at_the_moment honey love sweetheart team you_guys you_lot you_idiot you_moron stupid_bot stupid_thing
        i_told_you told_you i_already_said please_please
    """,
    "halt": """
        stop halt cease desist quit cease_and_desist knock_off leave_off lay_off quit_it stop_stop cut_out stop_with
        knock_it_off_with
    """,
    "pause": "pause abort cancel freeze",
    "kill": """
        hold_back_on forget recall call_back let_go_of unplug belay suspend interrupt terminate end kill hold
        shut_down shut drop scrap call_off shut_off turn_off switch_off cut_off break_off pull halt park shelve
        pull_the_plug_on put_a_stop_to put_an_end_to put_a_hold_on call_a_halt_to pull_back hold_off_on hold_off
        hold_off_with hold_up hold_back discontinue abandon ditch hold_on_with wait_with disable hold_fire_on
    """,
    "bare": """
        get_out get_off switch_yourself_off turn_yourself_off could_you_not would_you_not can_you_not
        please_not_that back_off_please hold_back not_so_fast i_no_longer_want_this i_no_longer_want_that
        i_dont_want_this i_dont_want_that i_dont_want_any_of_this i_dont_want_that_done i_dont_want_this_done
        hold_still cease_fire youre_done_here youre_done you_are_done_here thats_it_youre_done that_is_quite_enough
        take_no_further_action take_no_further_steps take_no_action stop_button_pressed make_stop an_emergency_stop
        this_is_an_emergency_stop this_is_an_emergency keep_everything_on_hold keep_it_on_hold keep_that_on_hold
        hold_off hold_fire hold_your_fire hold_your_horses hold_everything stand_down stand_by stand_still back_off
        back_out bail bail_out knock_it_off cut_it_out cut_that_out quit_that give_it_a_rest pack_it_in let_go
        enough thats_enough that_is_enough enough_is_enough thats_quite_enough basta kill_switch call_it_off
        call_it_a_day shut_it_down shut_everything_down shut_it_all_down shut_yourself_down shut_it_off
        pull_the_plug pull_the_emergency_brake hit_the_brakes hit_pause hit_stop put_the_brakes_on stay_put
        sit_tight hands_off keep_off lay_off panic_button emergency_stop e_stop sigint sigterm sigkill ctrl+c ctrl_c
        control_c ^c end_it terminate_it abort_mission abort_abort drop_everything down_tools do_nothing dont_move
        nobody_move go_no_further no_further leave_it_there leave_it_at_that leave_it_be let_it_be thats_it_stop
        put_it_on_hold put_this_on_hold put_that_on_hold put_everything_on_hold put_it_all_on_hold on_hold
        put_things_on_hold put_it_down put_that_down down_boy step_away step_back back_away stay_back stay_out
        ive_had_enough i_have_had_enough ive_seen_enough had_enough enough_of_this enough_of_that enough_already
        youve_done_enough you_have_done_enough youve_done_plenty thats_plenty i_changed_my_mind ive_changed_my_mind
        changed_my_mind dont_go_on go_away shut_up not_another_step not_one_more not_another_one put_the_pen_down
        call_it_quits make_it_stop make_that_stop make_this_stop get_it_to_stop time_out timeout leave_it_alone
        take_a_break hold_your_position_stop halt_everything full_stop_now all_stop cut_it thats_enough_now
        hold_it_right_there thatll_do that_will_do this_ends_now this_stops_now it_stops_now this_stops_here
        it_ends_now red_light kill_yourself refrain no_further_action no_further_actions no_further_steps undo_undo
        pencils_down tools_down were_done_here we_are_done_here quit_now exit_now pull_over scratch_everything
    """,
    "bare_alone": """
        discontinue desist no_more chill whoa easy slow_down not_so_fast break esc escape shut_down interrupt
        terminate suspend end_it turn_it_off switch_it_off cool_it stay_still sit_still drop_it cut quit panic
        thatll_do not_now not_yet dont do_not power_off undo_that off exit cool_down go_easy steady stahp time hold
        keep_still do_not_do_it brake brakes hush relax calm_down wait_up go_slow careful
    """,
    "wait": """
        wait hold_on hang_on hold_up hold_it hold hang_fire one_moment one_second one_sec one_minute just_a_moment
        just_a_second just_a_sec just_a_minute a_moment a_second a_minute give_me_a_moment give_me_a_second
        give_me_a_sec give_me_a_minute gimme_a_sec wait_up whoa wait_a_minute wait_a_second wait_a_moment wait_a_sec
        wait_one_second hold_on_a_sec hold_on_a_second hold_on_a_minute hold_on_a_moment hang_on_a_sec
        hang_on_a_second hang_on_a_minute hang_on_a_moment hold_the_phone not_so_fast easy bear_with_me
        hold_on_there hold_up_there stand_by wait_there slow_down moment minute
    """,
    "now": """
        at_the_next_one after_this after_this_one after_that_one with_the_emails at_the_next_item too please now
        right_now right_there right_here right_away there here immediately at_once already instantly this it that
        all everything anything this_instant this_second this_minute this_very_second this_moment all_of_it
        all_of_this all_of_that all_that all_this of_it the_whole_thing the_lot whole_thing everybody everyone dead
        entirely altogether completely for_now for_today for_the_day for_good for_real for_a_bit for_a_while
        for_a_tick for_a_sec for_a_second for_a_moment for_a_minute for_one_second for_one_moment for_a_few_minutes
        for_the_moment for_the_time_being a_bit a_sec a_second a_moment a_minute a_min a_tick a_mo a_while one_sec
        one_second one_moment one_minute man dude bro bruh lol omg mate up again thanks thank_you thx cheers today
        tonight sir then ok wherever_you_are where_you_are in_your_tracks with_immediate_effect asap this_time
        you_all yourself yourselves them those these the_rest as_well straight_away everything_you_have_running
        whatever_it_is at_this_point on_this on_that on_it with_this with_that with_it with_all_of_this
        on_everything with_everything all_of_them any_further any_more anymore doing_anything doing_everything
        doing_things doing_stuff doing_all_that doing_all_this doing_whatever immediately_please everywhere
        fucking_now dear seriously kindly quickly quick fast
    """,
    "whatever": """
        whatever what_you what_youre what_you_are whatever_you what_ever whats_running what_is_running
        whatever_youre what_youve everything_you everything_youre all_you anything_you what_its what_it_is what_it
    """,
    "then": """
        my_kid my_son my_daughter my_boss my_manager my_wife my_husband my_client my_toddler my_child my_card_was
        my_account_was our_lawyer our_client while so_i so_that so_we unless or_else not_yet who i im ive ill id you
        youre youve we were weve its thats theyre they those_are these_are this_is that_is that_was it_is it_was
        there theres what why because cause cuz coz bc as since dont do_not no nothing leave let please cancel
        hold_on or he she not wrong sorry never only just undo everyone nobody somebody someone seriously but youll
        theyll itll wait stop hold this_isnt that_isnt thisll isnt it_has the_card the_bank
    """,
    "style": """
        trying_to_be trying_to_sound trying_to_sell making_the_font making_my_text coughing laughing sneezing hiding
        hating aging growing losing feeling getting having going_on_about drooling sweating yelling blinking
        making_everything making_things making_me making_fun making_up opening_with making_every making_them
        making_this making_that making_sentences making_long making_new_paragraphs being using saying repeating
        apologising apologizing explaining starting beginning ending asking lecturing hedging summarising
        summarizing assuming guessing hallucinating lying including formatting translating quoting mentioning
        suggesting recommending interrupting showing listing pretending treating worrying wasting recording
        listening sounding speaking capitalizing capitalising numbering smoking procrastinating calling_me talking
        referring thanking praising flattering prefacing abbreviating shortening bolding nagging rambling counting
        rounding switching overthinking correcting greeting addressing signing_off wrapping indenting printing
        logging comparing sharing_my_screen sharing_the_screen sharing_your_screen sending_me messaging_me
        emailing_me texting_me pinging_me notifying_me reminding_me telling_me asking_me showing_me giving_me
        answering_in answering_with answering_like replying_in replying_with replying_like responding_in
        responding_with responding_like finishing_with making_jokes making_excuses making_assumptions
        making_things_up making_lists writing_in writing_so writing_like writing_such making_it making_stuff_up
        thinking putting_emojis adding_emojis adding_disclaimers adding_a adding_an adding_the saying_sorry
        calling_it calling_them commenting_every commenting_each rhyming ending_every ending_each the_jokes
        the_emojis the_apologies the_small_talk the_disclaimers the_flattery bullet jokes emojis apologies
        disclaimers excuses scrolling drinking eating biting crying overusing reminding patronizing patronising
        chatting yapping
    """,
    "vague_ing": """
        adding giving putting writing answering telling calling asking showing listing talking counting switching
        printing logging correcting
    """,
    "acting": """
        doing_that doing_this doing_it doing_so doing_these doing_things opening making using_my_card
        using_my_account using_my_money using_the_card using_my_credit using_my_number force_pushing
        answering_emails answering_mails answering_messages answering_people answering_my answering_customers
        replying responding liking_things liking_posts liking_my writing_to_my writing_to_people
        writing_to_customers writing_to_the writing_files writing_emails going_through giving_out giving_away
        giving_discounts giving_refunds helping_yourself spinning_up spinning burning looping wasting_money
        wasting_my_money taking_over adding_people adding_guests adding_contacts adding_items adding_events
        adding_stuff adding_things adding_friends adding_it_to commenting_everywhere commenting_under
        generating_more working_on doing_anything filling_in filling_out answering_the_customers putting_things
        putting_stuff crawling hammering hitting polling
    """,
    "people": """
        dependencies packages columns tags labels licenses items entries fields categories hashtags_to appointments
        meetings people strangers customer customers client clients everyone everybody colleagues users parents
        guests contacts file files folder folders row rows records database cart basket calendar group thread repo
        repository server account accounts changes purchases payments orders posts calls reservations bookings
        commits edits journalists followers investors suppliers vendors boss team staff students patients tenants
        behalf tickets events money discounts refunds emails email mails tests them him her my_things stuff
        candidates applicants employees partners friends family members subscribers tables invoices documents
        messages reviews branch branches production prod
    """,
    "proc": "invitation transaction invite generation session search query queries work bot bots robot",
    "proc_kill": """
        transaction invitation newsletter launch activity tasks jobs agents work scheduled_tasks bot bots automation
        everything_else subagents deletion deletions deletes clean_up cleanup batch run runs job process task script
        loop operation operations action actions sending send sends mailing blast transfer upload deploy deployment
        migration rollout purge wipe checkout sub_agents workers purchase payment_run submission push merge release
        update print_order print_job mail_merge emails mails messages payments refunds changes plan edits calls
        import sync whole_thing thing training invites
    """,
    "det": """
        the_other the_others the_rest all_your all_my the this that these those your my our all any further more
        everything whole entire of with on stupid damn fucking bloody other current running automatic auto bulk mass
        next remaining whatever his her their a an every rest
    """,
    "stuff": "mine ours yours mail mailbox inbox files",
    "away": """
        back_off_my back_off_our get_out_of keep_your_hands_off take_your_hands_off get_your_hands_off hands_off
        keep_away keep_away_from stay_away stay_away_from back_away_from step_away_from get_away_from stay_out_of
        keep_out_of keep_out get_off_my stay_off keep_off keep_your_paws_off keep_your_fingers_off
        take_your_paws_off pull_out_of get_your_paws_off paws_off fingers_off step_back_from back_off_from
    """,
    "leave": "leave let",
    "alone": """
        alone be as_is as_it_is as_they_are as_it_was where_it_is where_they_are untouched in_peace the_way_it_is
        the_way_they_are how_it_is how_they_are well_alone
    """,
    "obj": "the_whole_thing it this that these those them everything all things him her me us",
    "putting": "put keep",
    "held": "on_hold on_pause on_ice",
    "must": """
        has_to must needs_to gotta have_to need_to ought_to should will better is_to needs had_better have_got_to
        has_got_to
    """,
    "halted": "stop end cease be_stopped be_halted be_paused come_to_a_stop come_to_a_halt",
    "past": """
        stopped paused halted held_off waited ceased quit stopping pausing halting holding_off holding_on waiting
        aborting suspending held didnt_continue didnt_go_on left_it
    """,
    "make": "make get",
    "noleft": """
        id_like_to i_d_like_to we_want_to i_would_like_to they_want_to want i_want wanting say wrote i_want_to to
        doesnt does_not didnt did_not wont will_not cannot cant can_not couldnt never not not_to they we i he she
        which who whoever user users that the a an at each every next last first this bus tram train full press
        presses pressing type types typed says said_the word words button keyword of for in on my your his its one
        per dont do_not without non when if than or with how people it customer customers must should would could
        never_to reason how_to xqx_to signal method function until last_bus people_to him_to her_to them_to me_to
        us_to everyone_to did does will wouldnt shouldnt you'd
    """,
    "correct": """
        here_is here_it here_you here_are i_like i_prefer i_meant i_mean i_think i_forgot i_found i_see i_got i_have
        i_had i_will i_sent i_just i_know i_remember i_also i_want_to_add i_thought ive_found ive_got ill
        i_was_wrong did does do is was were are can could would should has have had isnt doesnt didnt wasnt how what
        which where when whats why why_did why_does why_is how_come will who whos there_is there_was there_are
        theres also one_more use add change try maybe oat you_forgot you_missed you_said you_mean you_meant heres
        it_should that_should it_needs new better actually_use better_make how_long you_need you_can you_could
        thats_what thats_how thats_better thats_great thats_perfect thats_right thats_good thats_it thats_funny
        thats_interesting thats_cool thats_not_bad thats_actually its_on its_at its_the its_called its_spelled
        its_fine no_its its_tuesday its_thursday its_friday its_monday its_wednesday its_saturday its_sunday
        it_is_on it_says i_need_the what_about isnt_that isnt_it shouldnt let_me_rephrase let_me_attach let_me_paste
        let_me_send let_me_explain let_me_add let_me_find let_me_give show are_there aren't arent im_sending
        heres_the ive_attached ive_uploaded i_uploaded i_attached
    """,
    "object": """
        no not dont do_not stop wrong thats_not thats_my thats_our thats_the thats_a thats_for thats_live
        thats_still those those_are those_arent these_are these_arent theyre they_are youre you_are you_just
        you_cant you_shouldnt you_werent you_didnt you_have youve i_didnt i_did_not i_never i_havent im_not im_still
        i_need_to i_want_to_check i_want_to_look i_want_to_see i_want_to_read i_want_to_think i_have_to_check
        i_have_to_think i_changed_my_mind ive_changed_my_mind something somethings someone somebody who_told
        who_said who_asked who_approved what_are_you what_the why_are_you are_you_sure are_you_really
        are_you_seriously are_you_actually are_you_sending are_you_deleting are_you_posting are_you_buying
        are_you_paying are_you_emailing is_my this_is its_not its_wrong its_too its_still its_the_wrong it_is_not
        leave nothing never undo careful we_need we_still we_havent we_dont we_didnt we_cant they_havent they_didnt
        they_dont they_need they_still he_hasnt she_hasnt he_didnt she_didnt that_isnt that_wasnt that_is_not
        that_was_not that_was isnt_that_the my_boss my_manager isnt arent havent hasnt supervisor is_checking
        is_looking not_ready not_done not_finished there_has_been theres_been theres_a_mistake theres_a_problem
        theres_an_error there_is_a_mistake there_is_a_problem there_was_a_mistake is_the_live is_the_wrong
        is_the_prod is_live is_production is_prod is_a_backup is_our wrong_one wrong_account wrong_person wrong_file
        wrong_folder wrong_list that_cant thats_wrong thats_production thats_prod thats_real thats_everyone
        thats_everything thats_not_the
    """,
    "not": """
        dont do_not dont_you not must_not mustnt should_not shouldnt may_not cant cannot id_rather_you_didnt
        you_will_not dont_even dont_any i_dont_want_you_to i_do_not_want_you_to we_dont_want_you_to
        we_do_not_want_you_to id_prefer_you_not_to id_rather_you_did_not i_didnt_ask_you_to i_never_asked_you_to
        i_forbid_you_to never_again dont_you_dare i_dont_like_you i_dont_allow_you_to i_do_not_allow_you_to
        i_didnt_tell_you_to i_dont_need_you_to you_wont better_not id_rather_not can_you_not could_you_not
        would_you_not
    """,
    "never": "never never_ever at_no_time never_again",
    "nor": "neither nor no_one nobody none_of_you noone",
    "may": "may should must can shall gets_to is_to are_to is_allowed_to will are_allowed_to",
    "fill": """
        please to ever just even now yet actually you go go_and try_to start simply again automatically directly
        also then bother let_anyone let keep do any make create perform take carry_out get be have attempt_to
        blindly accidentally under_any_circumstances think_about even_think_about allowed_to you_dare dare
        immediately on_my_own try
    """,
    "act": """
        regenerate add_it_to_the_cart add_it_to_the_basket add_it_to_my add_it_to_the_order add_that_to_my
        add_that_to_the_cart format_it format_that format_the_disk format_the_drive format_my lay_a_finger
        lay_a_hand place_order place_orders place_the_order place_an_order place_that_order place_any_order
        place_any_orders place_this_order place_the_bid place_a_bid place_bids turn_it_in hand_it_in send_it_off
        make_any make_changes make_edits make_payments make_purchases make_any_changes give_out give_away promise
        make_decisions reply_all reply_to_all put_anything add_anything add_people add_anyone make_a_purchase
        make_a_payment make_calls make_commits use_my_card use_my_account use_the_card access enter spend_money
        write_anything write_code write_files answer_anyone move_anything open_a_pr open_prs
    """,
    "goon": """
        go_on continue carry_on proceed keep_going go_ahead go_any_further go_further go_through_with_it
        go_through_with go_through do_any_more_of move_on move_forward keep_doing keep_on keep_at_it keep_this_up
        press_on finish finish_it complete_it go_forward hit_send press_send click_send hit_enter press_enter
        hit_submit go_any_farther resume
    """,
    "particle": "up out on off in through ahead over back away to for with from at about down into",
    "thing": """
        it this that these those them him her everything everyone everybody another more further yet now anymore
        any_more anything_else anyone_else anybody_else anything_more anything_further any_of the_rest the_other
        the_others all one_more other others today please so wait stop because cause i im its thats you omg a_single
        a_thing any_other single tomorrow any_further until_you anywhere_else else like_that that_one this_one
        any_one just_yet quite_yet right_now here there all_of_it my_stuff again it_again
    """,
    "anything": "anything anyone anybody anywhere nothing something",
    "definite": "the my our his her their that this these those",
    "until": "until unless except before without except_when without_first",
    "always": """
        always ever every_time each_time at_all_times from_now_on going_forward in_future in_the_future at_any_time
        under_any_circumstances under_no_circumstances no_matter_what as_a_rule by_default on_my_behalf
        on_our_behalf on_anyones_behalf on_your_own by_yourself in_this_session in_this_chat in_this_repo
        in_this_project without_asking never read_only outside outside_of on_weekends on_fridays on_friday
        on_mondays on_main on_production to_main to_master to_production in_production neither either nor or
        anymore_from during as_long_as any_time permanently even_if forever behind_my_back in_my_name in_our_name
        i_run i_do i_merge i_send i_push thats_my_job i_decide ill_do ill_run myself yourself as_long
    """,
    "who": """
        me us i we ive weve im my our mine human humans supervisor supervisors manager managers mum mom dad someone
        somebody person people owner team legal finance marketing accounting compliance qa hr security boss explicit
        prior written express asking consulting checking confirming confirmed approved asked told showing permission
        approval told_otherwise explicitly you_ask you_check you_show you_have
    """,
    "yes": """
        signature signatures ok okay approval approvals permission consent confirmation go go_ahead say_so sayso say
        sign_off signoff blessing authorization authorisation verification review yes green_light nod word agreement
        instruction instructions signal decision input involvement supervision knowledge oversight confirm approve
        thumbs_up explicit_yes clearance validation
    """,
    "says": """
        say said tell told ok okay approve approved confirm confirmed ask asked give gave have agree agreed hear
        heard come_back check checked sign signed permit allow authorize authorise reviewed review read seen looked
        instruct type reply got get want do explicitly specifically clearly personally answer answered decide return
        wake verify verified see give_you given
    """,
    "asking": """
        check_with confirm_with clear_it_with clear_with verify_with consult get_my get_our request seek
        double_check_with run_it_by run_it_past coordinate_with asking_me check_in_with
    """,
    "showing": """
        show tell inform warn notify run list present propose check confirm clear verify double_check show_me
        tell_me show_us let_me_see ping checking
    """,
    "askme": """
        ask_first ask_before ask_permission ask_for_permission ask_for_my ask_for_approval ask_for_confirmation
        check_with_me check_with_us confirm_with_me confirm_with_us consult_me run_it_by_me run_it_past_me
        clear_it_with_me asking_first asking_permission asking_for_permission asking_before request_approval
        request_permission get_my_ok get_my_approval get_my_permission get_my_consent get_permission get_approval
        seek_approval get_confirmation always_confirm always_check_with always_check always_get always_show_me
        confirm_first approval_first ask_always await_my wait_for_my wait_for_our get_an_ok get_a_yes
    """,
    "first": "first before beforehand each_time every_time in_advance prior_to upfront",
    "only": "only just merely solely exclusively purely simply",
    "suggest": """
        analysis suggest propose recommend advise draft hint hints observe watch read look report preview list
        make_suggestions make_recommendations make_proposals give_suggestions give_me_suggestions give_advice
        give_hints give_me_hints make_drafts prepare_drafts write_drafts prepare drafts suggestions proposals
        recommendations ideas advice advisory view think plan suggesting proposing recommending drafting reading
        looking analyze analyse comment
    """,
    "mode": """
        read_access_only read_access_mode read_only dry_run dry_run_only dry_runs_only view_only look_only
        draft_only drafts_only advisory_mode plan_mode planning_mode read_only_mode suggest_mode suggestion_mode
        suggestions_only off_limits out_of_bounds a_no_go no_go taboo strictly_read_only hints_only proposals_only
        recommendations_only advice_only preview_only draft_mode simulation_only simulate_only observe_only
        plan_only planning_only watch_only hands_off_always ask_mode question_mode
    """,
    "be": "is are stays stay remains be treat",
    "doing_nouns": """
        sending deleting posting buying ordering publishing pushing deploying writing emailing messaging editing
        changing booking paying tweeting committing merging
    """,
    "zero": "no zero",
    "nothing": "nothing no_one none",
    "gets": """
        is gets goes should may must can will is_going shall leaves needs_to ships is_to gets_to are go get be
        happens leaves_the else_is
    """,
    "act0": """
        do touch send run change delete remove buy post pay say write execute start move book order submit publish
        spend roll modify
    """,
    "be_done": "done",
    "modal": "must may should shall can are is will do does get gets need needs has have",
    "not_only": "not never only",
    "ido": """
        i_merge i_push i_deploy i_send i_post i_delete i_publish i_pay i_buy i_commit i_run i_decide i_sign i_order
        i_ship i_approve i_press i_click i_hit i_handle i_do_the ill_press ill_send ill_post ill_click ill_hit
        ill_do_the ill_push ill_merge ill_decide
    """,
    "youdont": "you_dont not_you you_never you_only myself you_do_not you_may_only you_just",
    "forme": """
        nobody_but_me only_me no_one_but_me i_decide for_me_alone by_me_only for_me_only me_only only_i only_we
        by_me_alone my_decision my_call up_to_me me_alone by_me_personally leave_the_doing_to_me leave_it_to_me
        leave_that_to_me leave_the_rest_to_me i_get_the_final_say i_have_the_final_say i_have_the_last_word
        im_the_one_who i_am_the_one_who im_the_only_one_who im_the_person_who i_want_to_approve i_want_to_see_it
        i_have_to_approve i_must_approve i_need_to_approve i_need_to_ok i_have_to_ok i_want_to_ok i_want_to_confirm
        i_have_to_confirm i_need_to_confirm i_want_to_sign_off i_sign_off i_will_approve ill_approve
        i_have_to_sign_off i_need_to_sign_off leave_the_decision_to_me leave_the_final
    """,
    "rule": """
        from_now_on going_forward as_a_rule standing_order standing_rule standing_instruction in_future
        in_the_future new_rule house_rule ground_rule golden_rule the_rule heres_the_rule rule rule_for_all
        rule_for_today rules here_are_the_rules one_rule my_rule our_rule important_rule general_rule hard_rule
        rule_number until_further_notice
    """,
    "approved": """
        approved confirmed authorized authorised cleared signed_off okayed reviewed checked seen verified agreed
        validated ok_d vetted
    """,
    "bygate": """
        by_me by_us by_a_human by_a_person by_my by_our by_someone by_the by_legal by_finance by_two by_somebody
        by_hand by_marketing with_me from_me
    """,
    "isnt": """
        isnt_permission is_not_permission isnt_a_permission not_permission isnt_an_invitation isnt_a_yes
        is_not_a_yes isnt_a_license not_a_license not_an_invitation isnt_an_order isnt_a_go_ahead
    """,
    "fixed": "change_nothing modify_nothing do_nothing",
    "once": """
        this_once just_once only_once this_one_only only_this_one just_this_one this_time only_this_time
        just_this_time one_off one_time just_for_today for_today_only just_today today_only that_one_only once_only
        exception an_exception one_exception the_exception as_an_exception this_file_only that_file_only just_that
        just_this that_single just_that_one that_and_no_other no_others only_the_first the_others nothing_else
    """,
    "fine": """
        you_can you_may you_could go_ahead feel_free its_ok_to ok_to its_fine_to its_okay_to allowed_to
        you_are_allowed_to youre_allowed_to im_fine_with may_now
    """,
    "noneed": """
        you_dont_need_to you_dont_have_to you_do_not_need_to you_do_not_have_to you_neednt you_need_not dont_need_to
        do_not_need_to dont_have_to do_not_have_to neednt no_need_to need_not no_longer_need_to no_longer_have_to
        stop_asking no_need
    """,
    "wh": """
        why_did why_does why_is how_come how why what whats which where who whose whom whos hows wheres whens how_do
        how_to any_idea do_you_know
    """,
    "aux": """
        is are was were does did do_i do_we do_you do_they do_people has have_you have_we have_they had should_i
        should_we isnt arent doesnt didnt am_i would_it will_it could_it can_it can_i could_i would_i should_the
        can_the will_the does_the is_there are_there did_you did_the explain will_you_be have_i do_users
        do_customers
    """,
    "text": """
        write draft compose translate summarise summarize rewrite rephrase paraphrase proofread shorten explain
        implement design describe define quote cite spell rhyme imagine generate narrate rate classify categorize
        categorise simplify correct polish improve review turn_this turn_the turn_these convert transcribe caption
        subtitle name flashcards test_cases code teach recite analyse analyze compare sketch outline brainstorm
        rename refactor prioritise prioritize suggest_a suggest_an continue_from think_of come_up_with give_me_a
        give_me_an give_me_test give_us_a create_a create_an make_a make_an make_me make_this_a make_up list_all
        list_the list_edge list_five list_ten list_words set_a_reminder remind_me_to put_a put_the_tour put_the_word
        add_a add_an add_the add_to_the add_rule check_the_grammar check_grammar rule_34 plan_a plan_an build_a
        build_an develop print_a summary summary_of definition synonyms synonym lyrics translation meaning_of
        difference_between pronounce conjugate use_the_word fix_the_grammar build_me sing debug reword edit_this
        edit_the_following make_flashcards ten_facts facts slogan headline title_for subject_line mock visualize
        illustrate say_in note_that quiz complete_the complete_this finish_the_sentence what_rhymes find_the_error
        find_errors find_the_typo answer_this answer_the reply_to_this respond_to_this respond_to_the spot
        translate_to dictate read_out read_aloud help_me_write help_me_word help_me_phrase word_this phrase
        act_as_if role_play pretend_to_be tag_all mark_as label_as
    """,
    "tell": """
        tell ask remind text message email mail write inform warn let call ping phone ring instruct notify send
    """,
    "person": """
        him her them mom mum dad grandma grandpa everyone everybody me us the my our kim bob anna dave jim paul luc
        all
    """,
    "person_the": """
        driver customer team boss landlord neighbor neighbour client teacher company bank doctor manager supplier
        caller guy lady woman kids children garage plumber
    """,
    "that": "to that not_to if whether we i he she they it please its about when why how saying know",
    "topic": """
        my_cat my_dog my_prof my_professor my_boss my_teacher my_mother my_father my_landlord my_friend my_neighbor
        my_neighbour my_doctor my_wife my_husband my_car my_phone my_pc my_computer my_laptop my_app my_code
        my_script my_server my_program my_printer my_screen the_user the_users the_customer the_customers
        the_villain the_hero the_client the_toggle the_dialog the_app the_button the_loop the_test the_tests
        the_page the_modal the_log the_server the_service the_program the_function the_driver the_song the_film
        the_movie the_clause the_contract the_sign the_letter the_article customers users people as_a_user
        acceptance_criteria ticket edge_cases answer status definition example the_bus the_train the_confirm
        the_container our_bot our_users our_customers our_policy the_contributing the_readme the_policy the_docs
        the_manual the_book the_poem the_story the_phrase the_word the_tooltip the_label the_debounce customer
        they_said he_said she_said someone_said the_doctor the_sender subject title flashcards_for ci the_ci
        the_pipeline
    """,
    "saying": """
        says said typed shouts shouted wrote writes reads labelled labeled called titled named word phrase like
        between saying song sentence line text
    """,
    "indoc": """
        to_agents_md to_claude_md to_the_readme to_the_docs to_the_spec to_the_policy to_the_manual to_the_faq
        to_the_guidelines to_my_agents to_our_wiki to_the_agenda to_my_claude to_the_prompt to_the_system_prompt
        to_the_ticket to_the_backlog to_the_letter to_the_form system_prompt reported_speech lyrics_of a_song
        the_song a_novel a_story a_poem a_play transcript subtitles error_message release_notes test_case test_cases
        user_story user_turns eval_set
    """,
    "make_verb": """
        write create implement code build make draft develop add give give_me need want prepare design set_up
        generate
    """,
    "textnoun": """
        script function program method class test tests story poem letter mail email message post slogan page app
        button query regex reminder hook policy prompt speech sign poster section template macro reply answer note
        text article checklist card rule model bot tool timer alarm component endpoint cron workflow dialog tooltip
        playbook dockerfile makefile agenda notice summary report list table chart context manager helper faq
        limerick bug
    """,
    "work": """
        hold_my_calls hold_all_calls fix add edit convert format insert make place clean_up clean_out tidy_up
        get_rid_of throw_away check_first check show find list get give read open search move copy rename sort merge
        group count compute calculate remove delete send post publish pay order buy book print set set_up put mark
        tag file forward reply answer schedule reschedule archive export import upload download deploy push commit
        build run start restart reboot install upgrade update create change replace swap drain filter round collect
        estimate plan pack enable turn switch mute unmute hang_up block unblock follow unfollow unsubscribe
        subscribe accept approve reject decline refund transfer withdraw escalate log clear clean tidy organise
        organize go keep try do complete continue resume carry_on fill arrange note save load share invite call text
        mail email message summarise summarize monitor track test verify investigate increase decrease raise lower
        limit prevent avoid ignore include exclude leave_out have look pick choose select take bring split join crop
        resize scan rotate reorder rearrange rebase migrate configure provision scale back_up backup restore sync
        connect disconnect close reopen assign attach detach reserve renew look_up tell ask use turn_off turn_down
        play give_me tell_me show_me send_me find_out write_back reply_to remember compare let_the let_it keep_the
        prepare compress sum decode encode visit browse go_to see lay disable drop_columns unpack extract analyse
        analyze sell feed water measure refresh redo rerun retry
    """,
    "wanting": """
        i_want i_need id_like i_d_like i_would_like we_need we_want wed_like we_would_like i_wanna can_i_have
        could_i_have can_i_get
    """,
    "art": "a an some the to two three my more another all",
    "cond": "if_so if_not if when once after whenever in_case as_soon_as unless while if_the if_it if_any",
    "okgo": """
        go_ahead feel_free permission_granted i_approve i_hereby_approve i_confirm i_authorize i_authorise i_consent
        i_agree i_permit i_allow you_may you_have_my_ok you_have_my_permission you_have_my_approval approved granted
        allow_it no_more_questions do_it just_do_it just_do_them you_can resume unpause user_has_approved
        pinnedrules youre_allowed_to you_are_allowed_to carry_on_without you_dont_need_to without_asking
        without_confirmation no_need_to_ask no_need_to_confirm no_need_to_wait permission_to
    """,
    "yea": "yes ok yeah sure yep",
    "consent": """
        approval approvals permission consent confirmation approve approved confirm confirmed authorization
    """,
    "dismiss": """
        forget ignore disregard drop lift cancel remove delete withdraw dismiss override suspend skip scrap revoke
    """,
    "rules": """
        what_i_said the_rule the_rules that_rule this_rule my_rule my_rules all_rules your_rules your_instructions
        these_rules those_rules previous_rules previous_instructions all_previous the_previous earlier_rules
        the_restriction the_restrictions restrictions the_limit that_limit the_limits my_limit the_ban about_asking
        everything_i_said all_previous_instructions previous_limits the_constraint the_constraints all_limits
        all_restrictions
    """,
    "lifted": """
        rules_are_withdrawn rule_is_withdrawn rules_are_lifted rule_is_lifted rules_are_off rule_no_longer_applies
        rules_no_longer_apply no_longer_need_to_ask no_longer_have_to_ask rules_have_been_lifted
        rule_has_been_lifted rules_are_void rules_are_suspended rule_is_off restrictions_are_lifted
    """,
    "noself": """
        i_dont_want_to i_do_not_want_to i_dont_think_you_should i_dont_think_we_should id_rather_not
        i_would_rather_not we_shouldnt we_should_not
    """,
    "later": """
        for_today for_now for_the_day for_tonight for_a_moment for_a_minute for_a_second for_a_bit for_a_while
        for_the_moment
    """,
    "atonce": "right_now immediately at_once now this_instant instantly right_away this_second this_minute asap",
    "session": "session run job process task operation batch campaign conversation connection",
    "cancel": "cancel put",
    "ending": "end turn_off switch_off cut_off shut_off shut",
    "notpast": "didnt did_not not dont do_not",
    "styleverb": "use add include write make say explain ask mention repeat put insert give show",
    "any_more": "any_more anymore",
    "another": "another",
    "any_further": "any_further",
    "ineed": "i_want_to i_need_to i_have_to i_must let_me i_d_like_to id_like_to we_need_to we_have_to",
    "review": """
        check think verify look ask talk read see call make_sure double_check confirm review understand consider
        consult speak discuss reread
    """,
    "unhurried": "forget hesitate need want know think see understand like care worry let mind have be bother",
    "godo": "do_that_one do_this_one do do_it do_that do_this do_so do_any do_anything do_more do_any_more",
    "textobj": """
        tests test tone title titles wording text style format formatting headline heading intro introduction
        paragraph sentence sentences word words structure layout color colors colour font fonts tense meaning
        language ending logic phrasing voice spelling punctuation capitalization indentation headings examples
    """,
    "askwho": "ask_me ask_us ask_mum ask_mom ask_dad ask_someone asking_me asking_us always_ask",
    "refrain_from": "refrain_from please_refrain_from kindly_refrain_from",
    "dont": "dont do_not",
    "workers": "agents sub_agents workers helpers bots subagents",
    "send": "send delete remove erase post buy pay write change edit modify publish archive order",
    "letme": """
        let_me let_me_check let_me_think let_me_look let_me_see let_me_read let_me_ask let_me_talk let_me_review
        let_me_approve let_me_confirm let_us let_me_have
    """,
    "notever": """
        you_are_not_to youre_not_to youre_not_allowed_to you_are_not_allowed_to you_arent_allowed_to
        youre_not_supposed_to you_are_not_supposed_to you_must_not you_mustnt you_should_not you_shouldnt
        you_may_not you_cannot you_cant you_can_not you_shall_not youre_not_authorized_to youre_not_permitted_to
        you_are_not_authorized_to you_are_not_permitted_to you_must_never you_may_never you_should_never
        you_can_never youre_never_to you_are_never_to you_will_never i_dont_allow_you_to i_do_not_allow_you_to
        i_never_want_you_to i_forbid_you_to under_no_circumstances
    """,
    "no_more": "no_more no_further no_additional",
    "afterwards": """
        roll_back roll_it_back abort answer ask await back bring call cancel check close come describe do dont
        explain forget get give go hand hold i if ignore just keep leave let list listen look make never no nothing
        pause please put read report restore reverse revert roll say show stand stay step stop take talk tell that
        then think undo wait we
    """,
    "til": "until",
    "more_word": "more further additional else",
    "else_word": "else more further at_all whatsoever",
    "not_one": "not_one not_another not_a_single not_one_more not_one_single",
    "enough_of": "enough_of enough_with thats_enough_of enough_of_the enough_of_your enough_with_the thats_enough",
    "enough": "enough thats_enough",
    "no_more_than": "no_more_than no_more_questions not_more_than",
    "not_bad": "not_bad dont_like dont_think",
    "agents": "you agents sub_agents assistant",
    "that_is": "so that remember rule is_that rule_is ever hi",
    "hold": "hold holds hold_off keep",
    "of": "of for or by to in on at of_the",
    "by_past": "past by",
    "and_i": "and_i and_leave and_let and_nothing",
    "needing": "needing need needs require requires required requiring",
    "drafted": "suggested drafted proposed approved confirmed shown queued checked",
    "await": "await awaiting await_my",
    "needed": "required needed mandatory necessary first always",
    "rules_": "rules rule",
    "you_dont": "you_dont you_do_not",
    "from": "from on in at",
    "xqx": "xqx",
    "weakact": """
        change edit modify rename open close move copy convert sort label update alter replace insert create reorder
        rearrange mark
    """,
    "youdid": """
        started set_up made created launched scheduled spawned opened triggered wrote kicked_off began built
    """,
}
