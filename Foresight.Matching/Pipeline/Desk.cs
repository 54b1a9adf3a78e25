using Foresight.Contracts;
using Foresight.Exchange;

namespace Foresight.Matching.Pipeline;

/// <summary>
/// The engine and what surrounds it in memory: accounts, live orders, markets. Turns requests into sequenced commands and their events into
/// rows, answers and messages. Does no I/O; owned by the matching loop, and dropped when a commit or a command fails, because it is then
/// ahead of the journal.
/// </summary>
/// <param name="failed">Requests that are refused up to a moment of the database's clock, because they made an engine throw.</param>
internal sealed class Desk(
    ExchangeEngine engine, Accounts accounts, LiveOrders orders, IReadOnlyDictionary<MarketId, Market> knownMarkets,
    IReadOnlyDictionary<Guid, DateTime> failed, long lastAcceptedAtMicros)
{
    /// <summary>What the tables may not show yet: the batch whose commit is under way.</summary>
    private JournalBatch? previous;

    private long acceptedAtMicros = lastAcceptedAtMicros;
    private DateTime lastExpiryLook;

    public ExchangeEngine Engine => engine;
    public Accounts Accounts => accounts;
    public LiveOrders Orders => orders;
    public Dictionary<MarketId, Market> Markets { get; } = new(knownMarkets);
    public long Sequence => engine.Sequence;

    public string StateHash => Format(engine.StateHash());

    /// <summary>A state hash as it is stored and compared: 16 hex digits.</summary>
    public static string Format(ulong stateHash) => stateHash.ToString("x16");

    /// <summary>Sequences and matches a batch: from here on memory is ahead of the journal, by this batch and the one before at most.</summary>
    /// <param name="newMarkets">Markets that no command has listed yet.</param>
    /// <exception cref="CommandFailedException">A request could not be applied, and this desk must not be used any more.</exception>
    public JournalBatch Match(IReadOnlyList<WorkItem> items, Known known, IReadOnlyList<Market> newMarkets, long epoch, TimeProvider clock)
    {
        // The database's clock, and never back: a new leader, or a promoted database, may be behind the last stamp in the journal.
        acceptedAtMicros = Math.Max(acceptedAtMicros, MicrosOf(known.Now));
        var batch = new JournalBatch { AcceptedAt = DateTimeOf(acceptedAtMicros), SeenLsn = known.Lsn };
        var recorder = new Recorder(this, batch, epoch, clock);
        foreach (var (id, address) in known.Accounts.Where(account => accounts.Find(account.Address) is null)) accounts.Add(id, address);

        foreach (var market in newMarkets.Where(market => !engine.HasMarket(market.Id))) List(market, recorder);
        if (known.Now - lastExpiryLook >= PipelineLimits.TickInterval) LookAtTheClock(known.Now, recorder);
        foreach (var item in items)
        {
            if (item is Request request) HandleOrFail(request, known, recorder, clock);
            else if (item is DepthRequest) recorder.SnapshotDepth();
        }

        recorder.Finish();
        previous = batch;
        return batch;
    }

    private void HandleOrFail(Request request, Known known, Recorder recorder, TimeProvider clock)
    {
        try
        {
            request.Trace?.Begin(clock);
            Handle(request, known, recorder, clock);
            request.Trace?.End(clock);
        }
        catch (Exception error) when (error is not OutOfMemoryException && MaySetAside(request, known.Now))
        {
            throw new CommandFailedException(request, known.Now, error);
        }
    }

    /// <summary>A request that was set aside throws no more; if it does, it is not the command that is wrong, and the term ends.</summary>
    private bool MaySetAside(Request request, DateTime now) => failed.Count < PipelineLimits.FailedCommands && !IsSetAside(request, now);

    private bool IsSetAside(Request request, DateTime now) => failed.TryGetValue(request.Command.RequestId, out var until) && now < until;

    private void Handle(Request request, Known known, Recorder recorder, TimeProvider clock)
    {
        var command = request.Command;
        if (Earlier(command.RequestId, known, recorder.Batch) is { } earlier)
        {
            // An idempotency key makes the request's id, so another order under the same key comes with the same id.
            var isOther = command.Kind == DoorCommandKind.Place && earlier.OrderHash is not null && earlier.OrderHash != request.OrderHash.ToString();
            recorder.Answer(request, isOther ? recorder.Refusal(request, ProblemCodes.IdempotencyKeyReused) : earlier);
            return;
        }

        if (IsSetAside(request, known.Now))
        {
            recorder.Answer(request, recorder.Refusal(request, ProblemCodes.CommandFailed) with { Sequence = 0 });
            return;
        }

        if (clock.GetTimestamp() > request.Deadline)
        {
            recorder.Answer(request, recorder.Refusal(request, ProblemCodes.Unavailable, DoorStatus.Late));
            return;
        }

        if (command.Kind == DoorCommandKind.Place && RefusalOfPlace(request, known, recorder) is { } refusal)
        {
            recorder.Answer(request, refusal);
            return;
        }

        if (Translate(request, recorder) is { } translated) recorder.Run(translated, request);
        else recorder.Answer(request, recorder.Refusal(request, ProblemCodes.UnknownOrder));
    }

    private DoorResult? Earlier(Guid requestId, Known known, JournalBatch current) =>
        known.Requests.GetValueOrDefault(requestId) ?? previous?.ByRequest.GetValueOrDefault(requestId) ?? current.ByRequest.GetValueOrDefault(requestId);

    private DoorResult? RefusalOfPlace(Request request, Known known, Recorder recorder)
    {
        var hash = request.OrderHash;
        if (known.Orders.Contains(hash) || previous?.OrderHashes.ContainsKey(hash) == true || recorder.Batch.OrderHashes.ContainsKey(hash)
            || orders.Find(hash) is not null)
            return recorder.Refusal(request, ProblemCodes.DuplicateOrder, DoorStatus.Duplicate);

        if (known.DeadOrders.TryGetValue(hash, out var dead)) return recorder.Refusal(request, dead);
        if (request.Command.Order!.IdempotencyKey is not { } text) return null;
        var key = (request.Account, text);
        return known.IdempotencyKeys.ContainsKey(key) || previous?.IdempotencyKeys.ContainsKey(key) == true || recorder.Batch.IdempotencyKeys.ContainsKey(key)
            ? recorder.Refusal(request, ProblemCodes.IdempotencyKeyReused)
            : null;
    }

    /// <summary>Null if there is nothing that it could be about.</summary>
    private Command? Translate(Request request, Recorder recorder) => request.Command switch
    {
        { Kind: DoorCommandKind.Place, Order: { } order } => new Command
        {
            Kind = CommandKind.PlaceOrder,
            Market = new(order.MarketId),
            Account = recorder.AccountOf(request.Account),
            Outcome = (byte)order.Outcome,
            Side = order.IsBuy ? Side.Buy : Side.Sell,
            Price = new(order.PriceTicks),
            Quantity = new(order.Lots),
            TimeInForce = (TimeInForce)order.TimeInForce,
            PostOnly = order.PostOnly,
            SelfTradePrevention = (SelfTradePrevention)order.SelfTradePrevention,
            ExpiresAtSeconds = order.ExpirySeconds,
            SaltTag = request.SaltTag,
        },
        { Kind: DoorCommandKind.CancelByHash } => orders.Find(request.OrderHash) is { } order && accounts.Find(request.Account) is { } account
            ? new Command { Kind = CommandKind.CancelOrder, Account = account, Market = order.Market, Order = order.Id }
            : null,
        { Kind: DoorCommandKind.ReduceOrder, Chain: { } chain } => orders.Find(request.OrderHash) is { } order
            ? new Command { Kind = CommandKind.ReduceOrder, Market = order.Market, Order = order.Id, Quantity = MostOpen(order, chain.Units) }
            : null,
        { Kind: DoorCommandKind.CancelBySalt, Cancel: { } cancel } => accounts.Find(request.Account) is { } account
            ? new Command { Kind = CommandKind.CancelBySalt, Account = account, Market = new(cancel.MarketId), SaltTag = request.SaltTag }
            : null,
        { Kind: DoorCommandKind.SettleTrade, Chain: { } chain } =>
            new Command { Kind = CommandKind.SettleTrade, Trade = new(chain.TradeId), Block = chain.Block },
        { Kind: DoorCommandKind.BustTrade, Chain: { } chain } =>
            new Command { Kind = CommandKind.BustTrade, Trade = new(chain.TradeId), Block = chain.Block },
        { Kind: DoorCommandKind.AllotCollateral, Chain: { } chain } => Allot(chain, recorder.AccountOf(request.Account)),
        { Kind: DoorCommandKind.ObserveBalance, Chain: { } chain } => Observe(chain, recorder.AccountOf(request.Account)),
        { Kind: DoorCommandKind.SetMarketState, Market: { } market } => new Command
        {
            Kind = CommandKind.SetMarketState, Market = new(market.MarketId), State = (MarketState)market.State, Outcome = (byte)market.WinningOutcome,
        },
        { Kind: DoorCommandKind.CancelAllOfMarket, Market: { } market } =>
            new Command { Kind = CommandKind.CancelAllOfMarket, Market = new(market.MarketId) },
        _ => null,
    };

    /// <summary>
    /// The size less what is matched here and what was filled directly on chain, which is counted from the order's beginning: so it does not matter
    /// how often it is told, nor what was matched since the chain was read.
    /// </summary>
    private static Quantity MostOpen(LiveOrder order, long filledDirectly) => new(Math.Max(0, order.Lots - order.FilledLots - Math.Min(filledDirectly, order.Lots)));

    /// <summary>
    /// What the account is said to own changes by so much: to the exchange an observation like any other. Taken away without force, it is
    /// no more than what nothing holds, so that no order is cancelled for money that only goes to another shard.
    /// </summary>
    private Command Allot(DoorChain chain, AccountId account)
    {
        var holding = engine.Balance(account, default, Command.CollateralOutcome);
        var change = chain.OnlyFree ? -Math.Min(-chain.Units, Math.Max(0, holding.Available)) : chain.Units;
        return new Command
        {
            Kind = CommandKind.ObserveBalance, Account = account, Outcome = Command.CollateralOutcome, Amount = new(holding.Owned + change), Block = chain.Block,
        };
    }

    private static Command Observe(DoorChain chain, AccountId account)
    {
        var isCollateral = chain.Outcome == Command.CollateralOutcome;
        return new Command
        {
            Kind = CommandKind.ObserveBalance,
            Account = account,
            Market = new(isCollateral ? 0 : chain.MarketId),
            Outcome = (byte)chain.Outcome,
            Amount = new(isCollateral ? chain.Units : 0),
            Quantity = new(isCollateral ? 0 : chain.Units),
            Block = chain.Block,
        };
    }

    private void List(Market market, Recorder recorder)
    {
        Markets[market.Id] = market;
        recorder.Run(
            new Command { Kind = CommandKind.ListMarket, Market = market.Id, Outcomes = market.Outcomes, TickSize = market.TickSize }, of: null);
    }

    /// <summary>Time passes in the exchange only by commands: expiries and closing times become commands here.</summary>
    private void LookAtTheClock(DateTime now, Recorder recorder)
    {
        lastExpiryLook = now;
        var seconds = acceptedAtMicros / 1_000_000;
        if (orders.TakeDue(seconds)) recorder.Run(new Command { Kind = CommandKind.ExpireOrders }, of: null);
        foreach (var market in Markets.Values)
        {
            if (market.State is MarketState.Open or MarketState.Paused && market.ClosesAt <= seconds && engine.HasMarket(market.Id))
                recorder.Run(new Command { Kind = CommandKind.SetMarketState, Market = market.Id, State = MarketState.Closed }, of: null);
            if (market.Stats.Changed) recorder.TellStats(market, seconds);
        }
    }

    public long AcceptedAtMicros => acceptedAtMicros;

    private static long MicrosOf(DateTime time) => (time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTime DateTimeOf(long micros) => DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
