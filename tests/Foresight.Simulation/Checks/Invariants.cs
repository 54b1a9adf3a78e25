using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Checks;

internal sealed class Invariants(World world)
{
    /// <summary>
    /// Time in which a leader may still send what it had matched after its trust ended: the commit before must end first, which takes a
    /// command's timeout at most. Clocks of the simulated machines may run a fifth too slow.
    /// </summary>
    private static readonly TimeSpan StopsWithin = (SimulatedNode.LeaseDuration * 1.25) + TimeSpan.FromSeconds(5);

    private readonly Oracle _oracle = new(world);
    private readonly Dictionary<string, TimeSpan> _lastRenewal = [];
    private readonly Dictionary<Guid, CommandResult> _acknowledged = [];
    private readonly Dictionary<Guid, LeaderCommand> _notDone = [];
    private readonly Dictionary<OrderId, long> _filled = [];
    private readonly HashSet<OrderId> _done = [];
    private readonly HashSet<(AccountId, MarketId, ulong)> _cancelledSalts = [];
    private readonly HashSet<Guid> _waived = [];
    private readonly Dictionary<int, int> _lockTimeouts = [];
    private readonly PublicationChecks _publications = new(world);
    private Guid _lastWriter;
    private long _lastEpoch;
    private bool _probed;
    private bool _progressed;

    public Oracle Oracle => _oracle;

    /// <summary>Highest that was ever committed, also if a promotion has lost it.</summary>
    public (long Epoch, long Sequence) Highest { get; private set; }

    public int Acknowledged => _acknowledged.Count;

    public static Guid WriterOf(string sessionName) =>
        Guid.TryParseExact(sessionName.Length < 32 ? "" : sessionName[^32..], "N", out var token) ? token : default;

    /// <summary>Pauses are not counted, because a paused process cannot act.</summary>
    public void Renewed(Process node, TimeSpan sentAt) => _lastRenewal[node.Name] = sentAt;

    public void Sends(Process node)
    {
        var since = node.Ran - _lastRenewal.GetValueOrDefault(node.Name);
        if (since > StopsWithin)
            throw world.Violated(
                "trust window",
                $"{node.Name} writes {since.TotalSeconds:0.0} s after its last confirmed renewal was sent"
            );
    }

    public void RowsCommitted(JournalStep.WriteRows write, Guid writer)
    {
        var leadership = world.Postgres.Tables.Leadership;
        if (leadership is null || leadership.Token != writer || leadership.Epoch != write.Epoch)
            throw world.Violated(
                "one writer",
                $"epoch {write.Epoch} committed {write.Rows.LastSequence} while epoch {leadership?.Epoch} of another term was taken"
            );
        if (write.Epoch < _lastEpoch || (write.Epoch == _lastEpoch && writer != _lastWriter))
            throw world.Violated(
                "epochs never decrease",
                $"epoch {write.Epoch} was committed after {_lastEpoch}, or two terms have one epoch"
            );
        (_lastEpoch, _lastWriter) = (write.Epoch, writer);
        Highest = (Math.Max(Highest.Epoch, write.Epoch), Math.Max(Highest.Sequence, write.Rows.LastSequence));
        _oracle.Apply(write);
        CheckOrders(write.Rows);
        CheckRights(write.Rows);
        CheckTime(write.Rows);
        foreach (var row in write.Rows.Commands)
            CheckSalt(row.Command, row.Result);
        foreach (var row in write.Rows.Commands)
            if (_notDone.ContainsKey(row.RequestId))
                throw world.Violated(
                    "nothing was done",
                    $"request {row.RequestId} was answered as not done, and is now in the journal at {row.Command.Sequence}"
                );
        world.VaultChecks.Committed(write.Rows);
    }

    /// <summary>A caller that retries no longer treats its earlier result as final, so that result may turn out wrong.</summary>
    public void Asked(Guid request) => _notDone.Remove(request);

    public void Published(Process node, string channel, object message) => _publications.Check(node, channel, message, _oracle);

    public void Answered(LeaderCommand command, CommandResult result)
    {
        if (_waived.Contains(command.RequestId))
            return;
        world.Trace.Add("callers", result.Status.ToString(), result.Epoch, result.Sequence);
        CheckTerms(command, result);
        world.Postgres.Tables.ByRequest.TryGetValue(command.RequestId, out var row);
        switch (result.Status)
        {
            case ResultStatus.Late or ResultStatus.NotLeader:
                if (row is not null)
                    throw world.Violated(
                        "nothing was done",
                        $"the caller of {command.RequestId} was told so, and it is in the journal at {row.Sequence}"
                    );
                if (!_acknowledged.ContainsKey(command.RequestId))
                    _notDone[command.RequestId] = command;
                break;
            case ResultStatus.InDoubt:
                break;
            case ResultStatus.Rejected when result.Code == ProblemCodes.CommandFailed:
                if (row is not null)
                    throw world.Violated(
                        "nothing was done",
                        $"{command.RequestId} was refused as failed and is in the journal at {row.Sequence}"
                    );
                _notDone[command.RequestId] = command;
                break;
            case ResultStatus.Accepted:
                RequireInJournal(command, result, row);
                break;
            default:
                // A refusal before sequencing is not stored, so a missing row is no fault.
                if (row is not null && result.Status != ResultStatus.Duplicate)
                    RequireInJournal(command, result, row);
                if (row is { Result.Status: ResultStatus.Accepted })
                    throw world.Violated(
                        "one answer",
                        $"request {command.RequestId} is accepted in the journal and was answered {result.Status}"
                    );
                break;
        }
    }

    /// <summary>A take-over must not time out on the row, because it has terminated the previous term's sessions.</summary>
    public void LockTimedOut(int session)
    {
        _lockTimeouts[session] = _lockTimeouts.GetValueOrDefault(session) + 1;
        if (_lockTimeouts[session] >= 4)
            throw world.Violated(
                "a take-over is not blocked",
                "a transaction of somebody else holds the leadership row for two seconds and its session is not ended"
            );
    }

    public void LockGot(int session) => _lockTimeouts.Remove(session);

    public void Progressed() => _progressed = true;

    public void RequireProgress(bool wasProbed) => _probed = wasProbed;

    /// <summary>Answers about the rows that a promotion lost were true when they were given, so they are waived.</summary>
    public void Lost(IEnumerable<JournalRow> rows, long lastTaken, Tables now)
    {
        foreach (var row in rows)
        {
            _waived.Add(row.RequestId);
            _acknowledged.Remove(row.RequestId);
            world.Chain.IsOver = true;
        }

        world.VaultChecks.Rebuild(now.Trades.Keys);
        _notDone.Clear();
        _publications.WaiveUpTo(lastTaken);
        _oracle.Rebuild(now);
        (_lastEpoch, _lastWriter) =
            now.Commands.Count == 0 ? (0, default) : (now.Commands.Values.Last().Epoch, now.Commands.Values.Last().By);
        _filled.Clear();
        _done.Clear();
        _cancelledSalts.Clear();
        foreach (var row in now.Commands.Values)
            CheckSalt(CommandCodec.Decode(row.Payload), row.Result);
        foreach (var order in now.Orders.Values)
        {
            _filled[order.Order.Id] = order.Order.FilledLots;
            if (order.Order.Status is OrderStatus.Cancelled or OrderStatus.Expired)
                _done.Add(order.Order.Id);
        }
    }

    /// <summary>
    /// A proof is of one position, so it is compared only if the journal has not moved on since. After a promotion that lost rows the same
    /// epoch may be taken again by another node, so it must be the holder's.
    /// </summary>
    public void Proved(StateDigest proof)
    {
        if (
            proof.Sequence == _oracle.Sequence
            && world.Postgres.Tables.Leadership is { } holder
            && (proof.Epoch, proof.NodeId) == (holder.Epoch, holder.NodeId)
            && proof.StateHash != _oracle.StateHash
        )
            throw world.Violated(
                "replay",
                $"the live engine at {proof.Sequence} has hash {proof.StateHash}, the replay {_oracle.StateHash}"
            );
    }

    public void AtTheEnd()
    {
        var tables = world.Postgres.Tables;
        foreach (var (request, result) in _acknowledged)
            if (!tables.ByRequest.TryGetValue(request, out var row) || row.Sequence != result.Sequence)
                throw world.Violated("acknowledged and lost", $"request {request} was acknowledged at {result.Sequence} and is not there");
        foreach (var request in _notDone.Keys)
            if (tables.ByRequest.ContainsKey(request))
                throw world.Violated("nothing was done", $"request {request} is in the journal");
        var replayed = Oracle.Replay(tables);
        if (Sequencer.Format(replayed.StateHash()) != _oracle.StateHash)
            throw world.Violated("replay", "the journal as a whole differs from what was committed");
        foreach (var order in tables.Orders.Values)
            if (replayed.TryGetOpenOrder(order.Order.Id, out _) != order.Order.Status is OrderStatus.Open or OrderStatus.PartiallyFilled)
                throw world.Violated("orders", $"order {order.Order.Id.Value} is {order.Order.Status} in its table, and not in the book");
        RequireLeaderIsShown(tables);
        if (_probed && !_progressed)
            throw world.Violated("progress", "no new order was acknowledged in the time after the faults had stopped");
        // Last, because without a leader there is nothing to compare a false book with.
        world.Watcher.RequireTrueBooks();
    }

    /// <summary>Called seconds after the last write of an attacker, because a leader shows itself again with each renewal.</summary>
    private void RequireLeaderIsShown(Tables tables)
    {
        if (tables.Leadership is not { RenewedAt: not null } row || !world.Nodes.Any(node => node.Leads))
            return;
        var shown = world.Redis.Read(LeasedResources.Matching);
        if (!world.Leases.IsShown(shown, LeaseRecord.NameOf(row.Token)))
            throw world.Violated("what was overwritten is shown again", $"Redis shows {shown ?? "nobody"}, and {row.NodeId} leads");
    }

    private void RequireInJournal(LeaderCommand command, CommandResult result, JournalRow? row)
    {
        if (row is null)
            throw world.Violated(
                "acknowledged and lost",
                $"request {command.RequestId} was acknowledged at {result.Sequence} and is not in the journal"
            );
        if (
            row.Sequence != result.Sequence
            || row.Result.Status != result.Status
            || row.Result.OrderStatus != result.OrderStatus
            || row.Result.FilledLots != result.FilledLots
            || row.Epoch != result.Epoch
        )
            throw world.Violated("one answer", $"request {command.RequestId} was answered {result} and the journal has {row.Result}");
        _acknowledged[command.RequestId] = result;
    }

    private void CheckOrders(JournalBatch rows)
    {
        foreach (var order in rows.NewOrders)
            _filled[order.Order.Id] = 0;
        foreach (var fill in rows.Fills)
        {
            if (_done.Contains(fill.Order))
                throw world.Violated("no fill of a cancelled order", $"order {fill.Order.Value} was filled");
            _filled[fill.Order] = _filled.GetValueOrDefault(fill.Order) + fill.Lots;
            if (!world.Postgres.Tables.Orders.TryGetValue(fill.Order, out var order))
                continue;
            var settledBy = DateTime.UnixEpoch.AddSeconds(order.Order.SignedExpiry);
            if (order.Order.SignedExpiry != 0 && settledBy - rows.AcceptedAt < TimeSpan.FromSeconds(SimulatedJournal.ExpiryMarginSeconds))
                throw world.Violated("a match has time to settle", $"order {fill.Order.Value} was filled at {rows.AcceptedAt:O}");
            if (_filled[fill.Order] > order.Order.Lots)
                throw world.Violated(
                    "fills never exceed the size",
                    $"order {fill.Order.Value} was filled {_filled[fill.Order]} of {order.Order.Lots}"
                );
        }

        foreach (var order in rows.NewOrders)
            Finish(order.Order);
        foreach (var order in rows.ChangedOrders)
            Finish(order);
    }

    private void CheckRights(JournalBatch rows)
    {
        foreach (var row in rows.Commands)
            if (world.BrokenNode.IsLie(row.RequestId))
                throw world.Violated(
                    "a fact of the chain needs the settlement term",
                    $"command {row.Command.Sequence} is of a node that did not hold it"
                );
        foreach (var row in rows.Commands)
            if (world.BrokenNode.IsSquatter(row.Command.SaltTag))
                throw world.Violated(
                    "an id belongs to the command that it is computed from",
                    $"command {row.Command.Sequence} is a {row.Command.Kind} under the id {row.RequestId} of another"
                );
        var latest = world.Postgres.TrueNowSeconds + SimulatedJournal.LongestLifeSeconds + 30;
        foreach (var order in rows.NewOrders)
            if (order.Order.SignedExpiry > latest)
                throw world.Violated("no order outlives the guard", $"order {order.Order.Id.Value} lasts until {order.Order.SignedExpiry}");
    }

    /// <summary>However wrong the database's clock is: the chain's, or those of the nodes, are right.</summary>
    private void CheckTime(JournalBatch rows)
    {
        var latest = world.Postgres.TrueNow + MatchingLimits.DatabaseClockAhead + TimeSpan.FromSeconds(10);
        if (rows.AcceptedAt > latest)
            throw world.Violated("time is not ahead", $"command {rows.LastSequence} is stamped {rows.AcceptedAt:O}");
        foreach (var row in rows.Commands)
            if (row.Command is { Kind: CommandKind.SetMarketState, State: MarketState.Closed })
                throw world.Violated(
                    "no market is closed early",
                    $"command {row.Command.Sequence} closes market {row.Command.Market.Value}"
                );
        foreach (var order in rows.NewOrders.Select(row => row.Order).Concat(rows.ChangedOrders))
            if (
                order.Status == OrderStatus.Expired
                && (
                    order.SignedExpiry == 0
                    || DateTime.UnixEpoch.AddSeconds(order.SignedExpiry - SimulatedJournal.ExpiryMarginSeconds) > latest
                )
            )
                throw world.Violated("no order expires early", $"order {order.Id.Value}, signed until {order.SignedExpiry}, has expired");
    }

    /// <summary>An order that is sent again with other terms must be refused as such, because the terms are not in its signature.</summary>
    private void CheckTerms(LeaderCommand command, CommandResult result)
    {
        if (
            command is PlaceOrder order
            && (result.Status == ResultStatus.Accepted || result.Code == ProblemCodes.DuplicateOrder)
            && world.Postgres.Tables.OrderHashes.TryGetValue(Hash32.Parse(order.Hash), out var id)
            && OrderTerms.Of(order).DifferencesFrom(world.Postgres.Tables.Orders[id].Terms) is { Count: > 0 } differences
        )
            throw world.Violated(
                "the terms are bound to the order's hash",
                $"{order.RequestId} was answered {result}, and differs from order {id.Value} in {string.Join(", ", differences)}"
            );
    }

    /// <summary>Must be called in the order of the journal.</summary>
    private void CheckSalt(Command command, CommandResult result)
    {
        var salt = (command.Account, command.Market, command.SaltTag);
        if (command.Kind == CommandKind.CancelBySalt && result.Status == ResultStatus.Accepted)
            _cancelledSalts.Add(salt);
        else if (command.Kind == CommandKind.PlaceOrder && _cancelledSalts.Contains(salt))
            throw world.Violated("a cancelled salt is dead", $"command {command.Sequence} places an order of a salt that was cancelled");
    }

    private void Finish(LiveOrder order)
    {
        if (order.Status is OrderStatus.Cancelled or OrderStatus.Expired)
            _done.Add(order.Id);
    }
}
