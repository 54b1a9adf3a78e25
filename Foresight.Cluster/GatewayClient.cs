using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Cluster.Proof;
using Foresight.Protocol;

namespace Foresight.Cluster;

/// <summary>
/// An address may be wrong or forged, so nothing is sent to it or believed from it before a matching node of this cluster has
/// proven itself there.
/// </summary>
public sealed class GatewayClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Both sides prove themselves again at least this often, because the keys may have changed since.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Twice as long as a gateway lets such a request last: one that was broken into might never end it.</summary>
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(2);

    private readonly HttpClient _client;
    private readonly TimeProvider _clock;

    public GatewayClient(NodeProof proof, TimeProvider clock)
    {
        _clock = clock;
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                ConnectTimeout = ConnectTimeout,
                PooledConnectionLifetime = ConnectionLifetime,
                SslOptions = proof.ForClient(node => node.Kind == NodeKinds.Matching),
                UseProxy = false,
                AllowAutoRedirect = false,
                KeepAlivePingDelay = TimeSpan.FromSeconds(1),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            }
        )
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>
    /// A cancellation counts because a node that hangs ends as one, and JSON that cannot be read because no gateway sends it.
    /// </summary>
    public static bool IsConnectionFault(Exception error) =>
        error is HttpRequestException or IOException or OperationCanceledException or JsonException;

    /// <summary>
    /// If no connection was made, or none to a node that proved itself, no node has received the request, so it was certainly not applied.
    /// </summary>
    public static bool WasNeverSent(Exception error) =>
        error switch
        {
            HttpRequestException fault => fault.HttpRequestError
                is HttpRequestError.ConnectionError
                    or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError,
            // The client has no timeout but that of a connection with its handshake, so nothing was sent.
            OperationCanceledException { InnerException: TimeoutException } => true,
            _ => false,
        };

    /// <param name="term">The leader believes facts of the chain only under a term; null for traders' commands.</param>
    public async Task<CommandAnswer> SendAsync(
        string address,
        IReadOnlyList<LeaderCommand> commands,
        TermClaim? term,
        CancellationToken cancellationToken
    )
    {
        using var response = await _client.PostAsJsonAsync(
            UriOf(address, "/gateway/commands"),
            new CommandBatch(commands, _clock.GetUtcNow(), term),
            JsonSerializerOptions.Web,
            cancellationToken
        );
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<CommandAnswer>(JsonSerializerOptions.Web, cancellationToken)
            ?? throw new JsonException("The gateway answered null.");
    }

    public Task<MatchingNodeStatus?> StatusAsync(string address, int shard, CancellationToken cancellationToken) =>
        AskAsync<MatchingNodeStatus>(address, $"/gateway/status?shard={shard}", cancellationToken);

    public Task<StateDigest?> StateAsync(string address, int shard, CancellationToken cancellationToken) =>
        AskAsync<StateDigest>(address, $"/gateway/state?shard={shard}", cancellationToken);

    /// <summary>Waits until the process at the address ends, or the connection to it does. Never throws.</summary>
    /// <param name="onAdmitted">Called when the gateway has taken the request; not if it refuses it.</param>
    /// <returns>
    /// False if there was no connection to a node of this cluster that takes this one, if the request has lasted as long as the gateway
    /// lets it, or if the token was cancelled.
    /// </returns>
    public async Task<bool> WaitForEndAsync(string address, CancellationToken cancellationToken, Action? onAdmitted = null)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(LongestWatch);
        var isAdmitted = false;
        try
        {
            using var response = await _client.GetAsync(
                UriOf(address, "/gateway/watch"),
                HttpCompletionOption.ResponseHeadersRead,
                bound.Token
            );
            isAdmitted = response.IsSuccessStatusCode;
            if (isAdmitted)
                onAdmitted?.Invoke();
            await using var body = await response.Content.ReadAsStreamAsync(bound.Token);
            // There is no body, so what is read is the end, or what no gateway sends.
            _ = await body.ReadAsync(new byte[1], bound.Token);
            return false;
        }
        catch (Exception error) when (IsConnectionFault(error))
        {
            return isAdmitted && !bound.IsCancellationRequested;
        }
        catch (ObjectDisposedException)
        {
            // This process ends.
            return false;
        }
    }

    public void Dispose() => _client.Dispose();

    /// <exception cref="HttpRequestException">The address is not https, so no node could prove itself there.</exception>
    private static Uri UriOf(string address, string path) =>
        GatewayAddress.IsValid(address)
            ? new Uri(new Uri(address), path)
            : throw new HttpRequestException(HttpRequestError.SecureConnectionError, $"{address} is not an https address.");

    private async Task<T?> AskAsync<T>(string address, string path, CancellationToken cancellationToken)
        where T : class
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(QuestionTimeout);
        try
        {
            using var response = await _client.GetAsync(UriOf(address, path), bound.Token);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, bound.Token)
                : null;
        }
        catch (Exception error) when (IsConnectionFault(error) && !cancellationToken.IsCancellationRequested)
        {
            // Callers take null for a node that does not answer.
            return null;
        }
    }
}
