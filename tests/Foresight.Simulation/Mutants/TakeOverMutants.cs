using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation.Mutants;

internal sealed class NoSessionKill : Mutant
{
    public override ILeadershipTable Table(World world, SimulatedSessions primary) => new Sparing(world, primary);

    private sealed class Sparing(World world, SimulatedSessions primary) : SimulatedLeadershipTable(world, primary)
    {
        public override Task<long> EndSessionsAsync(string resource, HolderVersion dead, CancellationToken cancellationToken) =>
            Task.FromResult(0L);
    }
}

/// <summary>
/// A former defect of the product, found by this simulator when it stopped a node between round trips with the row locked: no node could
/// lead until that one resumed.
/// </summary>
internal sealed class TakeOverInSteps : Mutant
{
    public override ILeadershipTable Table(World world, SimulatedSessions primary) => new InSteps(world, primary);

    private sealed class InSteps(World world, SimulatedSessions primary) : SimulatedLeadershipTable(world, primary)
    {
        public override async Task<TakenTerm?> TakeAsync(
            NewHolder holder,
            HolderVersion? dead,
            TimeSpan lockTimeout,
            CancellationToken cancellationToken
        )
        {
            var sentAt = Primary.Process.Ran;
            var taken = await Primary.UseAsync(
                async connection =>
                {
                    var session = connection.Session;
                    var previous = await connection.RequestAsync(
                        () => Server.LockRowAsync(session, lockTimeout),
                        timeout: null,
                        cancellationToken
                    );
                    var epoch = await connection.RequestAsync(
                        () => Server.IsStill(dead) ? Server.StageHolder(session, holder) : 0,
                        cancellationToken
                    );
                    await connection.RequestAsync(
                        () =>
                        {
                            Server.Commit(session);
                            return true;
                        },
                        cancellationToken
                    );
                    return epoch == 0 ? null : new TakenTerm(new Term(holder.Resource, epoch, holder.Token, holder.NodeId), previous);
                },
                cancellationToken
            );
            if (taken is not null)
                Confirmed(sentAt);
            return taken;
        }
    }
}
