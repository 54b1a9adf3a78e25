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
    private readonly HashSet<Guid> _waived = [];
    private readonly Dictionary<int, int> _lockTimeouts = [];
    private readonly PublicationChecks _publications = new(world);
    private Guid _lastWriter;
    private long _lastEpoch;
    private bool _probed;
    private bool _progressed;

    public Oracle Oracle => _oracle;

    public int Acknowledged => _acknowledged.Count;

    public static Guid WriterOf(string sessionName) =>
        Guid.TryParseExact(sessionName.Length < 32 ? "" : sessionName[^32..], "N", out var token) ? token : default;

    /// <summary>Records a confirmed renewal or bid. Pauses are not counted, because a paused process cannot act.</summary>
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
        _oracle.Apply(write);
        CheckOrders(write.Rows);
        foreach (var row in write.Rows.Commands)
            if (_notDone.ContainsKey(row.RequestId))
                throw world.Violated(
                    "nothing was done",
                    $"request {row.RequestId} was answered as not done, and is now in the journal at {row.Command.Sequence}"
                );
    }

    /// <summary>A caller that retries no longer treats its earlier result as final.</summary>
    public void Asked(Guid request) => _notDone.Remove(request);

    public void Published(Process node, string channel, object message) => _publications.Check(node, channel, message, _oracle);

    public void Answered(LeaderCommand command, CommandResult result)
    {
        if (_waived.Contains(command.RequestId))
            return;
        world.Trace.Add("callers", result.Status.ToString(), result.Epoch, result.Sequence);
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
                // A refusal before sequencing is not stored; every sequenced command is in the journal.
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

    /// <summary>Removes the rows that a promotion lost; answers about them were true when they were given.</summary>
    public void Lost(IEnumerable<JournalRow> rows, long lastTaken, Tables now)
    {
        foreach (var row in rows)
        {
            _waived.Add(row.RequestId);
            _acknowledged.Remove(row.RequestId);
        }

        _notDone.Clear();
        _publications.WaiveUpTo(lastTaken);
        _oracle.Rebuild(now);
        (_lastEpoch, _lastWriter) =
            now.Commands.Count == 0 ? (0, default) : (now.Commands.Values.Last().Epoch, now.Commands.Values.Last().By);
        _filled.Clear();
        _done.Clear();
        foreach (var order in now.Orders.Values)
        {
            _filled[order.Order.Id] = order.Order.FilledLots;
            if (order.Order.Status is OrderStatus.Cancelled or OrderStatus.Expired)
                _done.Add(order.Order.Id);
        }
    }

    /// <summary>Compares only if the journal has not moved on since, because a proof is of one position.</summary>
    public void Proved(StateDigest proof)
    {
        if (
            proof.Sequence == _oracle.Sequence
            && proof.Epoch == world.Postgres.Tables.Leadership?.Epoch
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
        if (_probed && !_progressed)
            throw world.Violated("progress", "no new order was acknowledged in the time after the faults had stopped");
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
            if (world.Postgres.Tables.Orders.TryGetValue(fill.Order, out var order) && _filled[fill.Order] > order.Order.Lots)
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

    private void Finish(LiveOrder order)
    {
        if (order.Status is OrderStatus.Cancelled or OrderStatus.Expired)
            _done.Add(order.Id);
    }
}
