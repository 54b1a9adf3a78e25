namespace Foresight.Testing;

/// <summary>The checkout that the tests were built in.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Foresight.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("This is not run from the repository.");
    }
}
