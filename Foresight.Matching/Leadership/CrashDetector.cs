using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The lease of a crashed holder need not run out first. A crash means that nothing listens at its address AND its database session is
/// gone; if either sign cannot be read, the holder counts as alive.
/// </summary>
public sealed class CrashDetector(TermStore terms, INodeProbe probe, LeaseOptions options)
{
    /// <param name="ownAddress">Where this process listens: a holder with the same address is its predecessor there.</param>
    public async Task<bool> HasCrashedAsync(string resource, TermHolder holder, string ownAddress, CancellationToken cancellationToken)
    {
        if (!options.CrashFastPath || (holder.Address != ownAddress && !await probe.RefusesAsync(holder.Address, cancellationToken)))
            return false;
        return LeaseRules.MayTakeOverEarly(addressRefuses: true, await SessionIsGoneAsync(resource, holder, cancellationToken), options);
    }

    internal HolderWatch CreateWatch(TimeProvider clock) => new(probe, options, clock);

    private async Task<bool> SessionIsGoneAsync(string resource, TermHolder holder, CancellationToken cancellationToken)
    {
        try
        {
            return !await terms.SessionLivesAsync(resource, holder.Version.Token, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            // Postgres did not answer, so the second sign is missing. A take-over would fail at Postgres as well.
            return false;
        }
    }
}
