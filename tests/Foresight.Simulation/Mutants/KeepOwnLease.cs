using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation.Mutants;

/// <summary>
/// A release or a take-over whose answer was lost leaves a node's own lease in the row, which looks like another's here: no node could lead
/// until it expired.
/// </summary>
internal sealed class KeepOwnLease : Mutant
{
    public override ILeadershipTable Table(World world, SimulatedSessions primary) => new Forgetful(world, primary);

    private sealed class Forgetful(World world, SimulatedSessions primary) : SimulatedLeadershipTable(world, primary)
    {
        public override async Task<TermHolder?> ReadAsync(string resource, CancellationToken cancellationToken) =>
            await base.ReadAsync(resource, cancellationToken) is { } holder
                ? holder with
                {
                    Version = holder.Version with { Token = Other(holder.Version.Token) },
                }
                : null;

        public override Task<long> EndSessionsAsync(string resource, HolderVersion dead, CancellationToken cancellationToken) =>
            base.EndSessionsAsync(resource, dead with { Token = Other(dead.Token) }, cancellationToken);

        public override Task<TakenTerm?> TakeAsync(
            NewHolder holder,
            HolderVersion? dead,
            TimeSpan lockTimeout,
            CancellationToken cancellationToken
        ) => base.TakeAsync(holder, dead is null ? null : dead with { Token = Other(dead.Token) }, lockTimeout, cancellationToken);

        public override Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
            base.SessionLivesAsync(resource, Other(token), cancellationToken);

        private static Guid Other(Guid token) => new([.. token.ToByteArray().Select(part => (byte)~part)]);
    }
}
