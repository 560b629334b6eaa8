"""How close an export answers to the model it was made from, and whether that is close enough to be called verified."""

from phitune_gui.core.value import Number, Value


class Bar(Value):
    """What an export of one precision must reach to be verified; None means not asked."""

    max_logit_difference: float | None = None
    min_top1: float | None = None
    max_loss_change: float | None = None
    max_decode_gap: float | None = None
    """Made token by token, an answer may leave the reference's only where the reference's two best logits lie closer than this."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked, so that nothing could be missed."""
        return all(demand is None for demand in self.model_dump().values())


class ParityReport(Value):
    """Export against float32 reference; `why` says whether the texts they are compared on were held out.

    `top1` share of positions with the same most likely token; `kl` mean Kullback-Leibler divergence in nats over the reference's
    64 most likely tokens plus the rest as one; `max_logit_difference` over the same tokens; losses in nats per compared token,
    `loss_change` as a share of the reference's;
    seconds and tokens per second on this CPU, None where no answer was timed; `why` says in one sentence what the verdict rests on.
    """

    target: str
    precision: str
    verified: bool
    why: str
    bar: Bar
    positions: int
    texts: int
    top1: Number
    kl: Number
    max_logit_difference: Number
    reference_loss: Number
    export_loss: Number
    loss_change: Number
    bytes: int
    load_seconds: float
    first_token_seconds: float | None = None
    tokens_per_second: float | None = None
    tokenizer_agrees: bool
    tokenizer_drift: float = 0.0
    """Share of the compared tokens that the runtime's own tokenizer writes otherwise; programs that let it encode see them."""
    decoded_answers: int = 0
    """Answers that were made token by token by both; 0 in reports of exports whose reference has none."""
    decode_first: Number = 0.0
    """Share of them whose first token is the same."""
    decode_prefix: Number = 0.0
    """Their mean number of equal tokens before the first unequal one, of `decode_tokens` in the mean."""
    decode_tokens: Number = 0.0
    stops: bool
    """True when the export's stop tokens include the token that ends an answer."""
    too_coarse: bool = False
    """True when the figures alone miss the bar, so that a finer number format is what helps."""
    tried: tuple[str, ...] = ()
    """With the automatic target: one sentence per smaller precision that did not pass, with its figures."""
