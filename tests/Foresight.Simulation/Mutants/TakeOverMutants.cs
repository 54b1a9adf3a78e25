using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation.Mutants;

internal sealed class NoSessionKill : Mutant
{
    public override ILeadershipTable Table(World world, SimulatedSessions primary) => new Sparing(world, primary);

    private sealed class Sparing(World world, SimulatedSessions primary) : SimulatedLeadershipTable(world, primary)
    {
        public override Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellationToken) => Task.FromResult(0L);
    }
}

/// <summary>
/// Takes a term in several round trips with the row locked between them. A former defect of the product, found by this simulator when it
/// stopped a node in between: no node could lead until that one resumed.
/// </summary>
internal sealed class TakeOverInSteps : Mutant
{
    public override ILeadershipTable Table(World world, SimulatedSessions primary) => new InSteps(world, primary);

    private sealed class InSteps(World world, SimulatedSessions primary) : SimulatedLeadershipTable(world, primary)
    {
        public override Task<(Term Term, string? PreviousNodeId)> TakeAsync(
            NewHolder holder,
            TimeSpan lockTimeout,
            CancellationToken cancellationToken
        ) =>
            Primary.UseAsync(
                async connection =>
                {
                    var session = connection.Session;
                    var previous = await connection.RequestAsync(
                        () => Server.LockRowAsync(session, lockTimeout),
                        timeout: null,
                        cancellationToken
                    );
                    var epoch = await connection.RequestAsync(() => Server.StageHolder(session, holder), cancellationToken);
                    await connection.RequestAsync(
                        () =>
                        {
                            Server.Commit(session);
                            return true;
                        },
                        cancellationToken
                    );
                    return (new Term(holder.Resource, epoch, holder.Token, holder.NodeId), previous);
                },
                cancellationToken
            );
    }
}
