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
/// The Api as one operator sees it. Questions go to the node that answered last and, when it fails, to the next one; the exceptions
/// of ApiFailures.cs say what went wrong, so that an outage can never look like an empty list.
/// </summary>
/// <param name="credential">Whose key and name go with each request.</param>
public sealed class ForesightApiClient(IHttpClientFactory clients, ApiAddresses addresses, OperatorCredential credential)
{
    public const string HttpClientName = "foresight-api";

    /// <summary>One try at one node. Two nodes must fit into what an operator accepts as "live".</summary>
    public static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<AdminOverview> GetOverviewAsync(CancellationToken cancel) => GetAsync<AdminOverview>("admin/overview", cancel);

    public Task<IReadOnlyList<MarketView>> GetMarketsAsync(CancellationToken cancel) => GetListAsync<MarketView>("markets", cancel);

    public Task<MarketView> GetMarketAsync(int id, CancellationToken cancel) => GetAsync<MarketView>($"markets/{id}", cancel);

    public Task<IReadOnlyList<TradeView>> GetMarketTradesAsync(int id, int limit, CancellationToken cancel) =>
        GetListAsync<TradeView>($"markets/{id}/trades?limit={limit}", cancel);

    public Task<Page<TradeView>> GetTradesAsync(int? market, string? settlement, string? cursor, int limit, CancellationToken cancel) =>
        GetAsync<Page<TradeView>>(Query("trades", ("market", market?.ToString()), ("settlement", settlement), ("limit", limit.ToString()), ("cursor", cursor)), cancel);

    public Task<IReadOnlyList<RunView>> GetRunsAsync(CancellationToken cancel) => GetListAsync<RunView>("reconciliation/runs?limit=50", cancel);

    public Task<IReadOnlyList<CoverageView>> GetCoverageAsync(CancellationToken cancel) =>
        GetListAsync<CoverageView>("reconciliation/coverage?limit=200", cancel);

    public Task<IReadOnlyList<DiscrepancyView>> GetDiscrepanciesAsync(DiscrepancyChoice choice, CancellationToken cancel) =>
        GetListAsync<DiscrepancyView>(Query("reconciliation/discrepancies", [.. choice.Parameters, ("limit", "500")]), cancel);

    /// <summary>The Api's answer, as it comes; to be disposed of.</summary>
    /// <param name="format">csv, json.</param>
    public Task<HttpResponseMessage> ExportDiscrepanciesAsync(DiscrepancyChoice choice, string format, CancellationToken cancel) =>
        SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, Query("reconciliation/discrepancies/export", [.. choice.Parameters, ("format", format)])), repeatable: true, cancel);

    public Task<DiscrepancyDetail> GetDiscrepancyAsync(long id, CancellationToken cancel) =>
        GetAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}", cancel);

    public Task<TriggerResponse> TriggerReconciliationAsync(CancellationToken cancel) =>
        PostAsync<TriggerResponse>("reconciliation/trigger", new TriggerRequest(), cancel);

    /// <summary>A run that says in addition what automatic repair would do.</summary>
    public Task<TriggerResponse> TriggerDryRunAsync(CancellationToken cancel) =>
        PostAsync<TriggerResponse>("reconciliation/trigger", new TriggerRequest(DryRun: true), cancel);

    public Task<RunView> GetRunAsync(long id, CancellationToken cancel) => GetAsync<RunView>($"reconciliation/runs/{id}", cancel);

    public Task<IReadOnlyList<RepairView>> GetRepairsAsync(long runId, CancellationToken cancel) =>
        GetListAsync<RepairView>($"reconciliation/runs/{runId}/repairs?limit=500", cancel);

    public Task<DiscrepancyDetail> ResolveAsync(long id, ResolveRequest request, CancellationToken cancel) =>
        PostAsync<DiscrepancyDetail>($"reconciliation/resolve/{id}", request, cancel);

    public Task<BulkResolveResponse> ResolveManyAsync(BulkResolveRequest request, CancellationToken cancel) =>
        PostAsync<BulkResolveResponse>("reconciliation/resolve", request, cancel);

    public Task<IReadOnlyList<OffenderView>> GetOffendersAsync(CancellationToken cancel) => GetListAsync<OffenderView>("admin/offenders", cancel);

    public Task<OffenderDetail> GetOffenderAsync(string address, CancellationToken cancel) =>
        GetAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}", cancel);

    /// <summary>Waives what counts against the account.</summary>
    public Task<OffenderDetail> ResetOffenderAsync(string address, ResetOffenderRequest request, CancellationToken cancel) =>
        PostAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}/reset", request, cancel);

    /// <summary>Asks an admin route whether it accepts the key; returns if it does.</summary>
    public async Task VerifyKeyAsync(CancellationToken cancel)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, "reconciliation/status"), repeatable: true, cancel);
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancel)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, path), repeatable: true, cancel);
        return await ReadAsync<T>(response, cancel);
    }

    /// <summary>A list comes as an array, or as the first page of one.</summary>
    private async Task<IReadOnlyList<T>> GetListAsync<T>(string path, CancellationToken cancel)
    {
        var answer = await GetAsync<JsonElement>(path, cancel);
        return answer.ValueKind == JsonValueKind.Array
            ? answer.Deserialize<List<T>>(Json)!
            : answer.Deserialize<Page<T>>(Json)?.Items ?? throw new ApiUnavailableException($"The answer to {path} is not a list.");
    }

    private async Task<T> PostAsync<T>(string path, object body, CancellationToken cancel)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, body.GetType(), options: Json) }, repeatable: false, cancel);
        return await ReadAsync<T>(response, cancel);
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, bool repeatable, CancellationToken cancel)
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
                // A client is made per request: the factory shares the connections and renews them.
                var response = await clients.CreateClient(HttpClientName).SendAsync(request, cancel);
                if (response.IsSuccessStatusCode)
                {
                    addresses.Prefer(address);
                    return response;
                }

                using (response)
                {
                    var problem = await ReadProblemAsync(response, cancel);
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

                // An action that may have arrived is not sent twice; one that never found a listener may.
                if (!repeatable && e.InnerException is not SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                    break;
            }
            catch (Exception e) when (e is TimeoutRejectedException or OperationCanceledException && !cancel.IsCancellationRequested)
            {
                reasons.Add($"{address.Authority}: no answer within {TryTimeout.TotalSeconds:0} s");
                if (!repeatable)
                    break;
            }
            catch (ExecutionRejectedException)
            {
                // Not sent: the node has answered nothing for a while.
                reasons.Add($"{address.Authority}: does not answer");
            }
        }

        throw new ApiUnavailableException(string.Join("; ", reasons));
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancel) ?? throw new ApiUnavailableException("The answer is empty.");
        }
        catch (JsonException e)
        {
            throw new ApiUnavailableException("The answer is not what the console understands; are both of one version?", e);
        }
    }

    private static async Task<(string Code, string Message)> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return (status, status);

        try
        {
            var problem = await response.Content.ReadFromJsonAsync<ProblemDetails>(Json, cancel);
            var code = problem?.Extensions.TryGetValue("code", out var value) == true ? value?.ToString() : null;
            return (code ?? status, problem?.Detail ?? problem?.Title ?? status);
        }
        catch (JsonException)
        {
            // The problem cannot be read; that there is one is said by the status.
            return (status, status);
        }
    }

    private static string Reason(HttpRequestException e) => e.HttpRequestError switch
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
