using Microsoft.Extensions.Configuration;

namespace Foresight.Testing;

public static class Configured
{
    public static IConfiguration By(params string[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(
                settings
                    .Where(setting => setting.Length > 0)
                    .Select(setting => setting.Split('=', 2))
                    .Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]))
            )
            .Build();

    public static IConfiguration Set(string name, string? value) =>
        new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(name, value)]).Build();
}
