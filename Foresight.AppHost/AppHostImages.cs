namespace Foresight.AppHost;

/// <summary>Images that the model names itself; read only where containers run.</summary>
internal static class AppHostImages
{
    // A standby must be of its primary's version, and the primary's is chosen by Aspire.Hosting.PostgreSQL 13.0.
    public const string PostgresTag = "17.6";

    public const string FoundryTag = "v1.7.1";
}
