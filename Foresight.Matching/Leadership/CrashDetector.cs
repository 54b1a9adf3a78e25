using System.Net.Sockets;
using Foresight.Contracts;
using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Finds out whether a holder has crashed, so that its lease need not be waited for: nothing listens at its address AND its database
/// session is gone. Whatever cannot be found out counts as alive.
/// </summary>
public sealed class CrashDetector(TermStore terms, LeaseOptions options)
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(300);

    public async Task<bool> HasCrashedAsync(string resource, LeaseRecord holder, CancellationToken cancellation)
    {
        if (!options.CrashFastPath || !await RefusesAsync(holder.Address, cancellation)) return false;
        return LeaseRules.MayTakeOverEarly(addressRefuses: true, await SessionIsGoneAsync(resource, holder, cancellation), options);
    }

    /// <summary>True only for a refusal by the machine itself; silence may be a slow network.</summary>
    private static async Task<bool> RefusesAsync(string address, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url)) return false;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(ProbeTimeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, bound.Token);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<bool> SessionIsGoneAsync(string resource, LeaseRecord holder, CancellationToken cancellation)
    {
        try
        {
            return !await terms.SessionLivesAsync(resource, holder.Token, cancellation);
        }
        catch (NpgsqlException)
        {
            // Postgres does not tell, so the second sign is missing; a take-over would fail there as well.
            return false;
        }
    }
}
