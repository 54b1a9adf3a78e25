using Foresight.Matching.Gateway;
using Foresight.Matching.Loop;
using Foresight.Protocol;
using Foresight.Simulation.Clients;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Redis;
using Foresight.Simulation.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Simulation.Processes;

/// <summary>
/// The production's own guard before a node's command queue. No core is ever idle here, so that only the least share of the signatures is
/// checked.
/// </summary>
internal sealed class SimulatedGateway
{
    /// <summary>A forger that is luckier than once in a billion times is not found by luck.</summary>
    private const int MostForged = 20 * CheckedShare.LargestSpacing;

    private readonly GatewayMetrics _metrics = new(new Meters());
    private readonly SimulatedNode _node;
    private readonly MatchingGate _gate;
    private readonly TimeProvider _clock;
    private readonly PutOutNodes _putOut;
    private readonly CommandGuard _guard;
    private readonly Dictionary<ConnectedNode, long> _caughtAt = [];
    private int _forged;
    private int _unchecked;
    private long _checked;

    public SimulatedGateway(SimulatedNode node, MatchingGate gate, TimeProvider clock, Dice dice)
    {
        (_node, _gate, _clock) = (node, gate, clock);
        // Not the node's, which a mutant of the lease may set back: that shall be found by its lease.
        var steady = new SimulatedClock(node.World.Timeline, node, node.ClockRate);
        // By a clock that does not jump: one that does lets a node in again, no fault of the guard.
        _putOut = new PutOutNodes(new TrueTime(node.World));
        _guard = new CommandGuard(
            new TermWitness(_ => ReadAsync<HeldTerm?>(node.World.SettlementTerm.Row), steady),
            new SignatureGuard(
                new MarketDomains(
                    _ => ReadAsync(new SignedContracts(SimulatedTraders.Contracts, SimulatedTraders.Vault)),
                    SimulatedTraders.ChainId,
                    clock
                ),
                new CheckedShare(new BusyCores(), dice.Below),
                _putOut,
                _metrics,
                chain: null,
                steady
            ),
            _putOut,
            _metrics,
            steady,
            NullLogger<CommandGuard>.Instance
        );
    }

    private World World => _node.World;

    /// <returns>Null if the connection of a node that was put out is cut.</returns>
    public async Task<CommandResult?> SubmitAsync(ConnectedNode peer, LeaderCommand command, TermClaim? claim, DateTimeOffset sentAt)
    {
        if (World.Mutant.IsOut(_putOut, peer))
            return null;
        var arrivedAt = World.Timeline.Now;
        var batch = new CommandBatch([command], sentAt, claim);
        if (await World.Mutant.RefusalsAsync(_guard, World, peer, batch) is not { } refusals)
        {
            _caughtAt.TryAdd(peer, World.Timeline.Now);
            return null;
        }

        if (refusals.TryGetValue(command, out var check) && await check is { } refusal)
            return new CommandResult(command.RequestId, refusal.Status, refusal.Code);
        Check(peer, command, arrivedAt);
        return await CommandGateway.Submit(command, _gate.Session(SimulatedNode.Shard), sentAt, _clock, World.Mutant.Read);
    }

    private void Check(ConnectedNode peer, LeaderCommand command, long arrivedAt)
    {
        if (_caughtAt.TryGetValue(peer, out var at) && at < arrivedAt)
            throw World.Violated(
                "a node that lies is put out",
                $"{_node.Name} takes {command.Kind} of {peer.Node.Id}, which it has caught"
            );
        if (CommandRights.IsSigned(command))
            CountUnchecked();
        if (World.BrokenNode.IsForged(command.RequestId) && ++_forged > MostForged)
            throw World.Violated(
                "a forger is found",
                $"{_node.Name} took {_forged} orders that their makers have not signed, and caught nobody"
            );
    }

    private void CountUnchecked()
    {
        var isChecked = _metrics.SignaturesChecked != _checked;
        (_checked, _unchecked) = (_metrics.SignaturesChecked, isChecked ? 0 : _unchecked + 1);
        if (_unchecked >= CheckedShare.LargestSpacing)
            throw World.Violated(
                "one signature in 16 is checked at least",
                $"{_node.Name} took {_unchecked} signed commands one after the other without a check"
            );
    }

    private Task<T> ReadAsync<T>(T row) =>
        World.Postgres is { Alive: true, Paused: false } && !_node.ToPostgres.IsCut
            ? Task.FromResult(row)
            : Task.FromException<T>(Errors.Unreachable());

    private sealed class BusyCores() : IdleCores(TimeProvider.System)
    {
        public override bool TryMeasure(out double cores)
        {
            cores = 0;
            return true;
        }
    }
}
