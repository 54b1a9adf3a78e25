using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.Hosting;

public static class ServiceDefaultsExtensions
{
    private static int _settingErrorsReported;

    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ReportSettingErrors();
        builder.Services.TryAddSingleton(TimeProvider.System);
        var node = NodeIdentity.From(builder.Configuration, builder.Environment.ApplicationName, DateTimeOffset.UtcNow);
        builder.Services.AddSingleton(node);
        builder.AddTelemetry(node);
        builder.AddHealth();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // Requests that change something are sent once, because only their caller knows whether a retry is safe.
            http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods());
            http.AddServiceDiscovery();
        });
        // Nodes must exit within 10 s of a stop request, so work that exceeds this limit is cut off. The leader hands over well before.
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(8));
        return builder;
    }

    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealth();
        app.MapMetrics();
        return app;
    }

    /// <summary>
    /// An operator can correct an invalid setting, and a stack trace would only hide it: it is one line on stderr and an exit code,
    /// wherever in the start it is found.
    /// </summary>
    private static void ReportSettingErrors()
    {
        if (Interlocked.Exchange(ref _settingErrorsReported, 1) == 1)
            return;
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
        {
            var message = unhandled.ExceptionObject switch
            {
                SettingException setting => setting.Message,
                OptionsValidationException options => string.Join(" ", options.Failures),
                _ => null,
            };
            if (message is null)
                return;
            Console.Error.WriteLine($"Wrong setting: {message}");
            Environment.Exit(SettingException.ExitCode);
        };
    }
}
