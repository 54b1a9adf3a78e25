using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;
using Polly;
using Polly.Timeout;

namespace Foresight.Console.Api;

/// <summary>Failures are the exceptions of ApiFailures.cs, so that an outage cannot look like an empty list.</summary>
public sealed partial class ForesightApiClient(IHttpClientFactory clients, ApiAddresses addresses, OperatorCredential credential)
{
    public const string HttpClientName = "foresight-api";

    /// <summary>For acts and exports.</summary>
    public const string PatientClientName = "foresight-api-patient";

    /// <summary>With the second between two readings, two attempts must fit into the five seconds in which a fault is named.</summary>
    public static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>An act that was done must not be reported as failed, and a decision about 500 or a long export takes its time.</summary>
    public static readonly TimeSpan PatientTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Of 500 markets each: one page more than a file may have rows, so that a file that was cut is named so.</summary>
    public const int MaxMarketPages = 21;

    /// <summary>The Api's limit of a page; a file has more.</summary>
    public const int MaxRepairs = 500;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<AdminOverview> GetOverviewAsync(CancellationToken cancellationToken) =>
        GetAsync<AdminOverview>("admin/overview", cancellationToken);

    /// <summary>All of them, in the order of their ids; of more than <see cref="MaxMarketPages"/> pages the first ones.</summary>
    public Task<IReadOnlyList<MarketView>> GetMarketsAsync(CancellationToken cancellationToken) =>
        GetMarketsAsync(null, null, cancellationToken);

    /// <param name="state">One of <see cref="MarketStates"/>; null: any.</param>
    /// <param name="text">Part of the question, or the whole id or address; null: any.</param>
    public async Task<IReadOnlyList<MarketView>> GetMarketsAsync(string? state, string? text, CancellationToken cancellationToken)
    {
        var markets = new List<MarketView>();
        string? cursor = null;
        for (var read = 0; read < MaxMarketPages; read++)
        {
            var page = await GetPageAsync<MarketView>(
                Query("markets", ("state", state), ("text", text), ("cursor", cursor)),
                cancellationToken
            );
            markets.AddRange(page.Items);
            cursor = page.Next;
            if (cursor is null)
                break;
        }

        return markets;
    }

    public Task<MarketView> GetMarketAsync(int id, CancellationToken cancellationToken) =>
        GetAsync<MarketView>($"markets/{id}", cancellationToken);

    public Task<IReadOnlyList<TradeView>> GetMarketTradesAsync(int id, int limit, CancellationToken cancellationToken) =>
        GetListAsync<TradeView>($"markets/{id}/trades?limit={limit}", cancellationToken);

    public Task<Page<TradeView>> GetTradesAsync(
        string? market,
        string? account,
        string? settlement,
        string? reason,
        string? sort,
        string? cursor,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetAsync<Page<TradeView>>(
            Query(
                "trades",
                ("market", market),
                ("account", account),
                ("settlement", settlement),
                ("reason", reason),
                ("sort", sort),
                ("limit", limit.ToString()),
                ("cursor", cursor)
            ),
            cancellationToken
        );

    /// <summary>The newest first.</summary>
    public Task<Page<RunView>> GetRunsAsync(string? cursor, int limit, CancellationToken cancellationToken) =>
        GetPageAsync<RunView>(Query("reconciliation/runs", ("limit", $"{limit}"), ("cursor", cursor)), cancellationToken);

    /// <summary>Those of the newest run first.</summary>
    public Task<Page<CoverageView>> GetCoverageAsync(string? cursor, int limit, CancellationToken cancellationToken) =>
        GetPageAsync<CoverageView>(Query("reconciliation/coverage", ("limit", $"{limit}"), ("cursor", cursor)), cancellationToken);

    /// <param name="sort">One of <see cref="DiscrepancySorts"/>, descending with a minus before it.</param>
    public Task<CountedPage<DiscrepancyView>> GetDiscrepanciesAsync(
        DiscrepancyChoice choice,
        string sort,
        int limit,
        long offset,
        CancellationToken cancellationToken
    ) =>
        GetAsync<CountedPage<DiscrepancyView>>(
            Query(
                "reconciliation/discrepancies",
                [.. choice.Parameters, ("sort", sort), ("limit", $"{limit}"), ("offset", offset == 0 ? null : $"{offset}")]
            ),
            cancellationToken
        );

    /// <summary>Streamed, because an export may be large; the caller disposes of the answer.</summary>
    public Task<HttpResponseMessage> ExportDiscrepanciesAsync(
        DiscrepancyChoice choice,
        string sort,
        string format,
        CancellationToken cancellationToken
    ) =>
        SendAsync(
            () =>
                new HttpRequestMessage(
                    HttpMethod.Get,
                    Query("reconciliation/discrepancies/export", [.. choice.Parameters, ("sort", sort), ("format", format)])
                ),
            repeatable: true,
            cancellationToken,
            isPatient: true
        );

    public Task<DiscrepancyDetail> GetDiscrepancyAsync(long id, CancellationToken cancellationToken) =>
        GetAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}", cancellationToken);

    public Task<TriggerResponse> TriggerReconciliationAsync(TriggerRequest request, CancellationToken cancellationToken) =>
        PostAsync<TriggerResponse>("reconciliation/trigger", request, cancellationToken);

    public Task<RunView> GetRunAsync(long id, CancellationToken cancellationToken) =>
        GetAsync<RunView>($"reconciliation/runs/{id}", cancellationToken);

    /// <summary>The newest <see cref="MaxRepairs"/>.</summary>
    public Task<IReadOnlyList<RepairView>> GetRepairsAsync(long runId, CancellationToken cancellationToken) =>
        GetListAsync<RepairView>($"reconciliation/runs/{runId}/repairs?limit={MaxRepairs}", cancellationToken);

    public Task<Page<RepairView>> GetRepairsAsync(long runId, string? cursor, int limit, CancellationToken cancellationToken) =>
        GetAsync<Page<RepairView>>(
            Query($"reconciliation/runs/{runId}/repairs", ("limit", $"{limit}"), ("cursor", cursor)),
            cancellationToken
        );

    public Task<DiscrepancyDetail> ResolveAsync(long id, ResolveRequest request, CancellationToken cancellationToken) =>
        PostAsync<DiscrepancyDetail>($"reconciliation/resolve/{id}", request, cancellationToken);

    public Task<BulkResolveResponse> ResolveManyAsync(BulkResolveRequest request, CancellationToken cancellationToken) =>
        PostAsync<BulkResolveResponse>("reconciliation/resolve", request, cancellationToken);

    /// <summary>Asks an admin route, because only a valid key opens it; throws if the Api refuses it.</summary>
    public async Task VerifyKeyAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, "reconciliation/status"),
            repeatable: true,
            cancellationToken
        );
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, path), repeatable: true, cancellationToken);
        return await ReadAsync<T>(response, cancellationToken);
    }

    private async Task<IReadOnlyList<T>> GetListAsync<T>(string path, CancellationToken cancellationToken) =>
        (await GetPageAsync<T>(path, cancellationToken)).Items;

    private async Task<Page<T>> GetPageAsync<T>(string path, CancellationToken cancellationToken)
    {
        var answer = await GetAsync<JsonElement>(path, cancellationToken);
        return answer.ValueKind == JsonValueKind.Array ? new Page<T>(answer.Deserialize<List<T>>(Json)!, null)
            : answer.Deserialize<Page<T>>(Json) is { Items: not null } page ? page
            : throw new ApiUnavailableException($"The answer to {path} is not a list.");
    }

    private async Task<T> PostAsync<T>(string path, object body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, body.GetType(), options: Json) },
            repeatable: false,
            cancellationToken
        );
        return await ReadAsync<T>(response, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> make,
        bool repeatable,
        CancellationToken cancellationToken,
        bool isPatient = false
    )
    {
        var (client, timeout) = isPatient || !repeatable ? (PatientClientName, PatientTimeout) : (HttpClientName, TryTimeout);
        var key = credential.Key ?? throw new KeyRefusedException();
        var reasons = new List<string>(addresses.Count);
        foreach (var address in addresses.InOrder())
        {
            using var request = make();
            request.RequestUri = new Uri(address, request.RequestUri!);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            request.Headers.TryAddWithoutValidation(ApiHeaders.Operator, Uri.EscapeDataString(credential.OperatorName));
            try
            {
                // A new client for each request, because the factory pools and renews the connections.
                var response = await clients.CreateClient(client).SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    addresses.Prefer(address);
                    return response;
                }

                using (response)
                {
                    var problem = await ReadProblemAsync(response, cancellationToken);
                    if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                        throw new KeyRefusedException();
                    if ((int)response.StatusCode < 500)
                        throw new ApiRefusedException((int)response.StatusCode, problem.Code, problem.Message);

                    reasons.Add($"{address.Authority}: {problem.Message}");
                    if (!repeatable)
                        break;
                }
            }
            catch (HttpRequestException e)
            {
                reasons.Add($"{address.Authority}: {Reason(e)}");

                // An action that may have arrived is not repeated, because it could be done twice; one that was refused a
                // connection may be.
                if (!repeatable && e.InnerException is not SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                    break;
            }
            catch (Exception e)
                when (e is TimeoutRejectedException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                reasons.Add($"{address.Authority}: no answer within {timeout.TotalSeconds:0.#} s");
                if (!repeatable)
                    break;
            }
            catch (ExecutionRejectedException)
            {
                // The circuit is open, so the request was not sent.
                reasons.Add($"{address.Authority}: does not answer");
            }
        }

        throw new ApiUnavailableException(string.Join("; ", reasons));
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken)
                ?? throw new ApiUnavailableException("The answer is empty.");
        }
        catch (JsonException e)
        {
            throw new ApiUnavailableException("The answer is not what the console understands; are both of one version?", e);
        }
    }

    private static async Task<(string Code, string Message)> ReadProblemAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return (status, status);

        try
        {
            var problem = await response.Content.ReadFromJsonAsync<ProblemDetails>(Json, cancellationToken);
            var code = problem?.Extensions.TryGetValue("code", out var value) == true ? value?.ToString() : null;
            return (code ?? status, problem?.Detail ?? problem?.Title ?? status);
        }
        catch (JsonException)
        {
            // Without a readable problem the HTTP status is all that is known.
            return (status, status);
        }
    }

    private static string Reason(HttpRequestException e) =>
        e.HttpRequestError switch
        {
            HttpRequestError.ConnectionError => "cannot be reached",
            HttpRequestError.NameResolutionError => "its name is unknown",
            HttpRequestError.ResponseEnded => "hung up in the middle of its answer",
            _ => e.Message,
        };

    private static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            if (string.IsNullOrEmpty(value))
                continue;

            path += $"{separator}{name}={Uri.EscapeDataString(value)}";
            separator = '&';
        }

        return path;
    }
}
