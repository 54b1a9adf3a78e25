using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Finds out whether a holder has crashed, so that its lease need not be waited for: nothing listens at its address AND its database
/// session is gone. Whatever cannot be found out counts as alive.
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
            // Postgres does not tell, so the second sign is missing; a take-over would fail there as well.
            return false;
        }
    }
}
