using Foresight.Matching.Gateway;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Refusals = System.Collections.Generic.IReadOnlyDictionary<
    Foresight.Protocol.LeaderCommand,
    System.Threading.Tasks.Task<Foresight.Matching.Gateway.CommandGuard.Refusal?>
>;

namespace Foresight.Simulation.Mutants;

/// <summary>Believes a fact of the chain of every node that names a term, whatever token it names.</summary>
internal sealed class BelieveAnyClaim : Mutant
{
    public override Task<Refusals?> RefusalsAsync(CommandGuard guard, World world, ConnectedNode peer, CommandBatch batch) =>
        base.RefusalsAsync(guard, world, peer, batch.Term is null ? batch : batch with { Term = world.SettlementTerm.Claim });
}

/// <summary>Leaves signatures to the Api nodes, of which one may be broken.</summary>
internal sealed class CheckNoSignature : Mutant
{
    public override Task<Refusals?> RefusalsAsync(CommandGuard guard, World world, ConnectedNode peer, CommandBatch batch) =>
        batch.Commands.All(CommandRights.IsSigned)
            ? Task.FromResult<Refusals?>(new Dictionary<LeaderCommand, Task<CommandGuard.Refusal?>>())
            : base.RefusalsAsync(guard, world, peer, batch);
}

internal sealed class CheckOneIn64 : Mutant
{
    private int _batches;

    public override Task<Refusals?> RefusalsAsync(CommandGuard guard, World world, ConnectedNode peer, CommandBatch batch) =>
        batch.Commands.All(CommandRights.IsSigned) && ++_batches % 64 != 0
            ? Task.FromResult<Refusals?>(new Dictionary<LeaderCommand, Task<CommandGuard.Refusal?>>())
            : base.RefusalsAsync(guard, world, peer, batch);
}

/// <summary>Refuses what a node lied about, and goes on with what it sends next.</summary>
internal sealed class KeepLyingNode : Mutant
{
    public override bool IsOut(PutOutNodes putOut, ConnectedNode peer) => false;
}

/// <summary>Takes a trader's command under any id, also one of a fact, of another trader's key or of the leader's own.</summary>
internal sealed class TakeAnyId : Mutant
{
    public override async Task<Refusals?> RefusalsAsync(CommandGuard guard, World world, ConnectedNode peer, CommandBatch batch) =>
        await base.RefusalsAsync(guard, world, peer, batch) is { } refusals
            ? refusals.Where(refused => RequestIds.MayCarry(refused.Key)).ToDictionary(refused => refused.Key, refused => refused.Value)
            : null;

    public override QueuedCommand? Read(LeaderCommand command, long deadline) => QueuedCommand.ReadUnderAnyId(command, deadline);
}
