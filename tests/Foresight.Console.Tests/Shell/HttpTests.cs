using System.Net;
using Foresight.Console.Shell;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Foresight.Console.Tests.Shell;

public sealed class HttpTests(HttpTests.Host console) : IClassFixture<HttpTests.Host>
{
    private readonly HttpClient _browser = console.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });

    public sealed class Host : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.UseSetting("API_URLS", "http://127.0.0.1:9");
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/no-such-page")]
    [InlineData("/trades")]
    [InlineData("/console.css")]
    public async Task EveryAnswer_HasTheSecurityHeaders(string path)
    {
        using var answer = await _browser.GetAsync(path);
        var policy = Header(answer, "Content-Security-Policy");
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal(
            ("nosniff", "DENY", "same-origin", "same-origin"),
            (
                Header(answer, "X-Content-Type-Options"),
                Header(answer, "X-Frame-Options"),
                Header(answer, "Referrer-Policy"),
                Header(answer, "Cross-Origin-Opener-Policy")
            )
        );
        Assert.Contains("camera=()", Header(answer, "Permissions-Policy"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost", HttpStatusCode.OK)]
    [InlineData("http://localhost:81", HttpStatusCode.Forbidden)]
    [InlineData("https://elsewhere.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task PageOfAnotherSite_DoesNotReachTheConsole(string origin, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in");
        request.Headers.Add("Origin", origin);
        using var answer = await _browser.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/export/discrepancies?format=csv")]
    [InlineData("/no-such-page")]
    public async Task WhatOperatorsSee_IsNotShownToOthers(string path)
    {
        using var answer = await _browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.StartsWith("/sign-in", answer.Headers.Location!.PathAndQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Circuit_IsNotOpenedForOthers()
    {
        using var answer = await _browser.GetAsync("/_blazor");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Appearance_IsKeptInACookie_AndBackAgainByTheBrowser()
    {
        using (var chosen = await _browser.GetAsync("/appearance?theme=dark&returnUrl=%2Fsign-in"))
        {
            Assert.Equal((HttpStatusCode.Found, "/sign-in"), (chosen.StatusCode, chosen.Headers.Location!.ToString()));
            Assert.Contains("foresight-appearance=dark", Header(chosen, "Set-Cookie"), StringComparison.Ordinal);
        }

        Assert.Contains("data-theme=\"dark\"", await _browser.GetStringAsync("/sign-in"), StringComparison.Ordinal);
        using var forgotten = await _browser.GetAsync("/appearance?theme=purple");
        Assert.Equal("/", forgotten.Headers.Location!.ToString());
        Assert.Contains("data-theme=\"auto\"", await _browser.GetStringAsync("/sign-in"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zone_IsKeptInACookie_AndUtcForgetsIt()
    {
        using (var chosen = await _browser.GetAsync("/zone?zone=Europe%2FBerlin&returnUrl=%2Ftrades"))
        {
            Assert.Equal((HttpStatusCode.Found, "/trades"), (chosen.StatusCode, chosen.Headers.Location!.ToString()));
            Assert.Contains("foresight-zone=Europe%2FBerlin", Header(chosen, "Set-Cookie"), StringComparison.Ordinal);
        }

        using var forgotten = await _browser.GetAsync("/zone?zone=utc");
        Assert.Contains("foresight-zone=;", Header(forgotten, "Set-Cookie"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example/")]
    [InlineData("/\\elsewhere.example/")]
    public async Task Appearance_DoesNotLeadToAnotherSite(string returnUrl)
    {
        using var answer = await _browser.GetAsync($"/appearance?theme=light&returnUrl={Uri.EscapeDataString(returnUrl)}");
        Assert.Equal("/", answer.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("light", "light")]
    [InlineData("dark", "dark")]
    [InlineData("purple", null)]
    [InlineData(null, null)]
    public void CookieWithAnotherValue_IsNoChoice(string? cookie, string? expected)
    {
        var context = new DefaultHttpContext();
        if (cookie is not null)
            context.Request.Headers.Cookie = $"foresight-appearance={cookie}";
        Assert.Equal(expected, Appearance.Of(context));
        Assert.Null(Appearance.Of(null));
    }

    private static string Header(HttpResponseMessage answer, string name) =>
        string.Join("; ", answer.Headers.TryGetValues(name, out var values) ? values : []);
}
