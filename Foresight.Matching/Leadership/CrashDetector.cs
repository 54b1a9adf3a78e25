using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Detects that a lease's holder has crashed, so that its lease need not run out first: nothing listens at its address AND its database
/// session is gone. If either sign cannot be read, the holder counts as alive.
/// </summary>
public sealed class CrashDetector(TermStore terms, INodeProbe probe, LeaseOptions options)
{
    public async Task<bool> HasCrashedAsync(string resource, LeaseRecord holder, CancellationToken cancellationToken)
    {
        if (!options.CrashFastPath || !await probe.RefusesAsync(holder.Address, cancellationToken))
            return false;
        return LeaseRules.MayTakeOverEarly(addressRefuses: true, await SessionIsGoneAsync(resource, holder, cancellationToken), options);
    }

    private async Task<bool> SessionIsGoneAsync(string resource, LeaseRecord holder, CancellationToken cancellationToken)
    {
        try
        {
            return !await terms.SessionLivesAsync(resource, holder.Token, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            // Postgres did not answer, so the second sign is missing. A take-over would fail at Postgres as well.
            return false;
        }
    }
}
