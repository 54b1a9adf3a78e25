using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Protocol;

namespace Foresight.Cluster;

/// <summary>A client of matching nodes' gateways over HTTP/2 without TLS, with one connection per node.</summary>
internal sealed class GatewayClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(5);

    private readonly HttpClient _client;
    private readonly TimeProvider _clock;

    public GatewayClient(ClusterSecret secret, TimeProvider clock)
    {
        _clock = clock;
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                ConnectTimeout = ConnectTimeout,
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
        _client.DefaultRequestHeaders.Add(ClusterSecret.Header, secret.Value);
    }

    /// <summary>True if the node is unreachable, hangs, or answers with something that no gateway sends.</summary>
    public static bool IsConnectionFault(Exception error) =>
        error is HttpRequestException or IOException or OperationCanceledException or JsonException;

    /// <summary>True if no connection was made, so the node has certainly not received the request.</summary>
    public static bool WasNeverSent(Exception error) =>
        error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    public async Task<CommandAnswer> SendAsync(string address, IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        using var response = await _client.PostAsJsonAsync(
            new Uri(new Uri(address), "/gateway/commands"),
            new CommandBatch(commands, _clock.GetUtcNow()),
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

    public void Dispose() => _client.Dispose();

    private async Task<T?> AskAsync<T>(string address, string path, CancellationToken cancellationToken)
        where T : class
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(QuestionTimeout);
        try
        {
            using var response = await _client.GetAsync(new Uri(new Uri(address), path), bound.Token);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, bound.Token)
                : null;
        }
        catch (Exception error) when (IsConnectionFault(error) && !cancellationToken.IsCancellationRequested)
        {
            // Null is the documented result of a node that does not answer.
            return null;
        }
    }
}
