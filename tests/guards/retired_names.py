"""Names that this project has replaced by the field's own words, and the words of its former dialect."""

import re
from dataclasses import dataclass

from tests.guards.source_tree import ROOT


@dataclass(frozen=True)
class Retired:
    """A name that must not come back: as a module, or as a class, function, argument or attribute (`kind`)."""

    scope: str
    kind: str
    name: str
    instead: str


# In the packages of the first column; a name without its leading underscore.
_TABLE = """
kit module patience outages
kit name through_outages retry_while_database_is_down
kit module pulse heartbeat
kit name shown_by sent_by
kit module notices pg_notify
kit name notice channel_payload
kit name PATIENCE POLL_INTERVAL
kit module garbage gc_tuning
kit name spare_what_stays freeze_before_fork
kit module opaque secret_tokens
kit module seals encryption
kit module crash failpoints
kit name checked require_group
kit name Need Requirement
kit name weaknesses violations
kit name ACT_FOR SET_TENANT
kit name named as_params
kit name beginning begin_sql
kit name visit reveal_shop
kit name identify reveal_user_by_email
kit name present reveal_by_token
kit name lean_transaction transaction
kit name write_last before_commit
kit name Unit UnitOfWork
kit name hear mark_processed
kit name heard_at processed_at
kit name take_unwritten take_pending
kit name sound trigger
kit name told_at delivered_at
kit name tell_at next_delivery_at
kit name TooOften TooManyRequests
kit name TENDER ACTIVE_CURRENCIES
kit name WITHOUT ZERO_DECIMAL
kit name WITH_THREE THREE_DECIMAL
kit name less_percent minus_percent
saga module letters order_mail
saga module settling incidents
saga module settle incidents
saga module closing close_companies
saga module provider steps.payments
saga module leases lease_renewal
saga module flow state_machine
saga module perform executor
saga module acts batch_functions
saga module calls call_pool
saga module declaration definition
saga module tables models
saga module obstacles guards
saga name Ref SagaRef
saga name OpenSaga LockedSaga
saga name Which IncidentFilter
saga name Standing SagaState
saga name Told MailContext
saga name Shared SharedCall
saga name goes_on continue_inline
saga name go_on continue_inline
saga name joined continued
saga name rounds has_call_under_way
saga name stepwise single_step
saga name decided outcome_hook
saga name awaits accepts_answer
saga name missing due_tasks
saga name in_hand in_progress
saga name grant_retries reset_attempts
saga name call_done force_done
saga name call_undone force_undone
saga name tell_endings run_outcome_hooks
saga name give_up open_undecided_incident
saga name passed mark_failpoints
saga name CannotEndSo CannotResolve
saga name CannotTurnBack CannotCompensate
saga name OtherDefinition DefinitionMismatch
saga name DeclarationError InvalidDefinition
saga name undo_act undo_function
saga name take_steps run_steps
saga name take_undo run_undo
saga name see_through deliver
saga name to_both enqueue_and_claim
saga name settle_each act_on_each
saga name stood_still idle_time
saga name cannot_decide open_undecided_incident
workers module gathering batching
workers name Gathering ReadAhead
workers name Worked BatchRunner
workers name Asked TaskCall
workers module receipts acks
workers name Receipts BatchedAcks
workers module forgotten missed_events
workers name Reminder Replayer
workers name remind replay
workers module patience outages
workers name patiently retry_on_outage
workers module logged log_context
workers name about bound
workers name greet send_order_received
workers name hear handle_messages
workers name KeepingConsumer DeadLetteringConsumer
workers name EagerConnection FastReconnectConnection
workers name Forgetful NotDurable
workers name OtherThanDeclared TopologyMismatch
workers name ForeignChord UnsupportedChord
workers name UNHURRIED LOW_PRIORITY_QUEUES
workers name LOTS_APART LowPriorityTimer
workers name PATIENCE CONFIRM_TIMEOUT
workers name lot include_low_priority
workers name lane run_drainer
workers name Turn DrainLock
workers name LOOK_AROUND_EVERY IDLE_CHECK_INTERVAL
workers module alarms alerts
workers module rounds monitor
workers module telling delivery
workers name look check
workers name LONGEST_MOURNED DEAD_WORKER_ALERT_TTL
workers name obituary dead_worker_detail
workers name place_of worker_slot
api module letters account_mail
api module windows sliding_window
api module measures metrics
api module vital_signs database_metrics
api module bodies request_body
api module keys signing_keys
api module docs swagger_ui
api module operating health
api name WHO_MAY required_permission
api name ANYBODY PUBLIC
api name GOES_ON while_suspended
api name who_may required_permission
api name acting request_transaction
api name takes requires
api module placing order_submission
api module preferences request_headers
api module views serializers
api module own_data privacy
api module pages link_page
api name proven verify_password
api name admitted authenticate
domain module standing lifecycle
domain name Standing LifecycleState
domain module logins sessions
domain name Login UserSession
domain module links one_time_links
domain module pace throttle
domain module leaving revocation
domain name refuse_beyond require_superset_of
domain name be_oneself manage_own_account
domain name BY_MIGHT ROLE_RANK
domain module offers order_context
domain name offer_to load
domain module repeats idempotency
domain module told order_details
domain name Wanted LineRequest
domain name Shelf StockLevel
domain name Share Allocation
domain name note_surplus record_duplicate_payment
domain name KEYS_LAST IDEMPOTENCY_KEY_TTL
domain module stripe_answers stripe_mapping
domain module explanations failure_messages
domain name Settled AlreadyDone
domain name found create
domain name offer create_product
domain name keep_address create_address
domain name forget_address delete_address
domain name make_key create
domain module selling availability
ops module nursery forkserver
ops name Fostered AdoptedChild
ops module tether parent_death
ops module family process_tree
ops module follow log_tail
ops name deaf signals_ignored
ops module deeds faults
ops module wishes scenarios
ops module conductor fault_injector
ops module verdict violations
ops module books final_state
ops module wire tcp_proxy
bench module stage servers
bench module scene run_environment
bench module placer order_driver
bench module extras wait_and_idle
bench module outside external_clients
bench module contestant participant
domain name Decoy TimingDecoy
domain name Attempts AttemptCounter
domain name acts_for active_company_id
domain name acted_for target_company_id
domain name asked_at requested_at
domain name began_at started_at
domain name lapses_at expires_at
domain name login_id session_id
domain name made_by created_by
domain name chosen_company_id default_company_id
domain name plan_in_force effective_plan
domain name orders_a_month orders_per_month
domain name requests_a_minute requests_per_minute
kit name reveal_attempts reveal_attempt_counter
api name being_cancelled cancellation_requested
api name standing lifecycle_state
api name in_force effective_plan
api name is_on is_enabled
kit name Changed ChangedColumns
kit name UNLIMITED TABLES_WITHOUT_RETENTION
domain name UNLIMITED TABLES_WITHOUT_RETENTION
domain name MOST_ADDRESSES MAX_ADDRESSES
domain name lock_password lock_unchanged_password
domain name CLAIM CLAIM_MAILS
domain name COUNT ADD_TO_COUNT
domain name NEXT NEXT_ORDERS
domain name MOVE UPDATE_STATUS
kit name CLAIM CLAIM_RUN
kit name FORGET DELETE_UNDECLARED
saga name counted count_fault_of_single
saga name COUNT COUNT_FAULTS_IN_A_ROW
saga name TAKE TAKE_QUEUED_SAGAS
saga name KEEP MARK_OVERDUE
workers name Notification AlertChange
workers name CLAIM CLAIM_ALERT
workers name NEXT NEXT_EVENTS
migrations name COUNT COUNT_OPEN_WORK
ops name MAX_SEQ ABOVE_EVERY_SEQ
kit name act_for_sagas set_saga_origins
kit name TABLES_WITHOUT_RULE TABLES_WITHOUT_RETENTION
domain name TABLES_WITHOUT_RULE TABLES_WITHOUT_RETENTION
saga name TABLES_WITHOUT_RULE TABLES_WITHOUT_RETENTION
saga name Outcomes OutcomesBySubject
saga name Receipt SignalResult
saga name starting version_to_start
workers name end_failed reject_or_log
api name REFUSALS_KEY OPERATION_REFUSALS_KEY
domain name choose_company set_default_company
domain name InsufficientPrivileges ExceedsOwnPermissions
ops name arrivals arrival_times
ops name Binaries Installation
ops name publish write_settings_and_urls
ops name withdraw delete_settings_and_urls
"""
RETIRED = tuple(Retired(*line.split()) for line in _TABLE.strip().splitlines())


def kept() -> dict[str, str]:
    """The names that docs/glossary.md keeps on purpose, and why."""
    section = (ROOT / "docs/glossary.md").read_text().partition("## Names kept on purpose")[2]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.MULTILINE))
