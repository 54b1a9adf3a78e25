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

/// <summary>
/// Api client of one operator. Requests go to the node that answered last, and to the next one if it fails. Failures are the exceptions of
/// ApiFailures.cs, so that an outage cannot look like an empty list.
/// </summary>
public sealed class ForesightApiClient(IHttpClientFactory clients, ApiAddresses addresses, OperatorCredential credential)
{
    public const string HttpClientName = "foresight-api";

    /// <summary>Timeout of one attempt at one node. Two attempts must fit into the delay that operators still accept as live.</summary>
    public static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<AdminOverview> GetOverviewAsync(CancellationToken cancellationToken) =>
        GetAsync<AdminOverview>("admin/overview", cancellationToken);

    public Task<IReadOnlyList<MarketView>> GetMarketsAsync(CancellationToken cancellationToken) =>
        GetListAsync<MarketView>("markets", cancellationToken);

    public Task<MarketView> GetMarketAsync(int id, CancellationToken cancellationToken) =>
        GetAsync<MarketView>($"markets/{id}", cancellationToken);

    public Task<IReadOnlyList<TradeView>> GetMarketTradesAsync(int id, int limit, CancellationToken cancellationToken) =>
        GetListAsync<TradeView>($"markets/{id}/trades?limit={limit}", cancellationToken);

    public Task<Page<TradeView>> GetTradesAsync(
        int? market,
        string? settlement,
        string? cursor,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetAsync<Page<TradeView>>(
            Query("trades", ("market", market?.ToString()), ("settlement", settlement), ("limit", limit.ToString()), ("cursor", cursor)),
            cancellationToken
        );

    public Task<IReadOnlyList<RunView>> GetRunsAsync(CancellationToken cancellationToken) =>
        GetListAsync<RunView>("reconciliation/runs?limit=50", cancellationToken);

    public Task<IReadOnlyList<CoverageView>> GetCoverageAsync(CancellationToken cancellationToken) =>
        GetListAsync<CoverageView>("reconciliation/coverage?limit=200", cancellationToken);

    public Task<IReadOnlyList<DiscrepancyView>> GetDiscrepanciesAsync(DiscrepancyChoice choice, CancellationToken cancellationToken) =>
        GetListAsync<DiscrepancyView>(Query("reconciliation/discrepancies", [.. choice.Parameters, ("limit", "500")]), cancellationToken);

    /// <summary>Streams the Api's answer; the caller disposes of it.</summary>
    /// <param name="format">csv, json.</param>
    public Task<HttpResponseMessage> ExportDiscrepanciesAsync(
        DiscrepancyChoice choice,
        string format,
        CancellationToken cancellationToken
    ) =>
        SendAsync(
            () =>
                new HttpRequestMessage(
                    HttpMethod.Get,
                    Query("reconciliation/discrepancies/export", [.. choice.Parameters, ("format", format)])
                ),
            repeatable: true,
            cancellationToken
        );

    public Task<DiscrepancyDetail> GetDiscrepancyAsync(long id, CancellationToken cancellationToken) =>
        GetAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}", cancellationToken);

    public Task<TriggerResponse> TriggerReconciliationAsync(CancellationToken cancellationToken) =>
        PostAsync<TriggerResponse>("reconciliation/trigger", new TriggerRequest(), cancellationToken);

    public Task<TriggerResponse> TriggerDryRunAsync(CancellationToken cancellationToken) =>
        PostAsync<TriggerResponse>("reconciliation/trigger", new TriggerRequest(DryRun: true), cancellationToken);

    public Task<RunView> GetRunAsync(long id, CancellationToken cancellationToken) =>
        GetAsync<RunView>($"reconciliation/runs/{id}", cancellationToken);

    public Task<IReadOnlyList<RepairView>> GetRepairsAsync(long runId, CancellationToken cancellationToken) =>
        GetListAsync<RepairView>($"reconciliation/runs/{runId}/repairs?limit=500", cancellationToken);

    public Task<DiscrepancyDetail> ResolveAsync(long id, ResolveRequest request, CancellationToken cancellationToken) =>
        PostAsync<DiscrepancyDetail>($"reconciliation/resolve/{id}", request, cancellationToken);

    public Task<BulkResolveResponse> ResolveManyAsync(BulkResolveRequest request, CancellationToken cancellationToken) =>
        PostAsync<BulkResolveResponse>("reconciliation/resolve", request, cancellationToken);

    public Task<IReadOnlyList<OffenderView>> GetOffendersAsync(CancellationToken cancellationToken) =>
        GetListAsync<OffenderView>("admin/offenders", cancellationToken);

    public Task<OffenderDetail> GetOffenderAsync(string address, CancellationToken cancellationToken) =>
        GetAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}", cancellationToken);

    public Task<OffenderDetail> ResetOffenderAsync(string address, ResetOffenderRequest request, CancellationToken cancellationToken) =>
        PostAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}/reset", request, cancellationToken);

    /// <summary>Verifies the key with an admin route; throws if the Api refuses it.</summary>
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

    private async Task<IReadOnlyList<T>> GetListAsync<T>(string path, CancellationToken cancellationToken)
    {
        var answer = await GetAsync<JsonElement>(path, cancellationToken);
        return answer.ValueKind == JsonValueKind.Array
            ? answer.Deserialize<List<T>>(Json)!
            : answer.Deserialize<Page<T>>(Json)?.Items ?? throw new ApiUnavailableException($"The answer to {path} is not a list.");
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

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, bool repeatable, CancellationToken cancellationToken)
    {
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
                // A new client for each request: the factory pools and renews the connections.
                var response = await clients.CreateClient(HttpClientName).SendAsync(request, cancellationToken);
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

                // An action that may have arrived is not repeated; one that was refused a connection may be.
                if (!repeatable && e.InnerException is not SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                    break;
            }
            catch (Exception e)
                when (e is TimeoutRejectedException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                reasons.Add($"{address.Authority}: no answer within {TryTimeout.TotalSeconds:0} s");
                if (!repeatable)
                    break;
            }
            catch (ExecutionRejectedException)
            {
                // The circuit is open: the request was not sent.
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
