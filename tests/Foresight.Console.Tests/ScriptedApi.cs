using System.Net;
using System.Text;
using System.Text.Json;
using Foresight.Console.Api;

namespace Foresight.Console.Tests;

/// <summary>
/// Answers from memory below the HTTP client, so that a test takes a millisecond and the console's own client runs unchanged.
/// </summary>
internal sealed class ScriptedApi : HttpMessageHandler, IHttpClientFactory
{
    public const string Key = "the-admin-key-of-these-tests";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Func<HttpResponseMessage>> _answers = [];
    private readonly Dictionary<string, Func<Exception>> _failures = [];
    private readonly Dictionary<string, TaskCompletionSource> _holds = [];
    private readonly List<HttpRequestMessage> _requests = [];
    private readonly List<string> _bodies = [];
    private readonly List<string> _answered = [];

    public ScriptedApi(int nodes = 1) =>
        Addresses = new ApiAddresses([.. Enumerable.Range(1, nodes).Select(node => new Uri($"http://node-{node}/"))]);

    public ApiAddresses Addresses { get; }

    public IReadOnlyList<HttpRequestMessage> Requests
    {
        get
        {
            lock (_gate)
                return [.. _requests];
        }
    }

    public IReadOnlyList<string> Asked => [.. Requests.Select(request => request.RequestUri!.PathAndQuery)];

    public IReadOnlyList<string> Bodies
    {
        get
        {
            lock (_gate)
                return [.. _bodies];
        }
    }

    public ForesightApiClient Client(string operatorName = "Ada", string? key = Key)
    {
        var credential = new OperatorCredential();
        credential.Use(operatorName, () => key);
        return new ForesightApiClient(this, Addresses, credential);
    }

    public void Answer(string path, Func<object> body) =>
        Set(path, () => Response(200, JsonSerializer.Serialize(body(), JsonSerializerOptions.Web), "application/json"));

    public void Text(string path, string body, int status = 200, string type = "application/json") =>
        Set(path, () => Response(status, body, type));

    public void Problem(string path, int status, string code) =>
        Text(path, JsonSerializer.Serialize(new { detail = $"because of {code}", code }), status, "application/problem+json");

    public void Fail(string host, Func<Exception> failure) => _failures[host] = failure;

    /// <summary>
    /// A test must decide when an answer arrives: the next request for exactly this path and query waits until the source is set, and
    /// continues on the thread that sets it.
    /// </summary>
    public TaskCompletionSource Hold(string pathAndQuery)
    {
        var hold = new TaskCompletionSource();
        lock (_gate)
            _holds[pathAndQuery] = hold;
        return hold;
    }

    public int Answered(string pathAndQuery)
    {
        lock (_gate)
            return _answered.Count(path => path == pathAndQuery);
    }

    public HttpClient CreateClient(string name) => new(this, disposeHandler: false);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var path = request.RequestUri!.PathAndQuery;
        TaskCompletionSource? hold;
        lock (_gate)
        {
            _requests.Add(request);
            if (body is not null)
                _bodies.Add(body);
            _holds.Remove(path, out hold);
        }

        if (hold is not null)
            await hold.Task.ConfigureAwait(false);
        lock (_gate)
        {
            _answered.Add(path);
            if (_failures.TryGetValue(request.RequestUri.Host, out var failure))
                throw failure();

            var known = _answers.Keys.Where(key => path.StartsWith(key, StringComparison.Ordinal)).MaxBy(key => key.Length);
            return known is null ? Response(404, "no answer is scripted", "text/plain") : _answers[known]();
        }
    }

    private void Set(string path, Func<HttpResponseMessage> answer)
    {
        lock (_gate)
            _answers[path] = answer;
    }

    private static HttpResponseMessage Response(int status, string body, string type) =>
        new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
}
