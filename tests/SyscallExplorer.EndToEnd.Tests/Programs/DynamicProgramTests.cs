using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Programs of the distribution, with its dynamic linker and libraries, under the kit's <c>--root /</c>.</summary>
public sealed class DynamicProgramTests
{
    private static readonly Lazy<string> s_tree = new(MakeTree);

    public static TheoryData<string> Names()
    {
        var data = new TheoryData<string>();
        foreach (DynamicProgram program in DynamicPrograms.All)
            data.Add(program.Name);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void A_dynamic_program_does_what_it_does_on_the_host(string name)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The programs are Linux'.");
        DynamicProgram program = DynamicPrograms.All.Single(p => p.Name == name);
        Tools.RequireFile(program.Program, $"a program of Debian ('{name}' runs it)");
        NativeAndKit.CompareHere(new ProgramCall(program.Program, [.. program.Arguments.Select(a => a.Replace(DynamicProgram.Tree, s_tree.Value))])
        {
            Input = program.ReadsText ? SampleText.Of(20_000) : [],
            Options = ["--root", "/"],
        });
    }

    /// <summary>Not in <c>/tmp</c>, which is the kit's own.</summary>
    private static string MakeTree()
    {
        string root = $"/var/tmp/sysx-tree-{Environment.ProcessId}";
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        Directory.CreateDirectory(Path.Combine(root, "dir", "deeper"));
        Directory.CreateDirectory(Path.Combine(root, "empty dir"));
        Write("one.txt", "one\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Write("dir/two.txt", "one\ntwo\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Write("dir/deeper/three.txt", new string('3', 5000), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Write(".hidden", "", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Write("runs", "#!/bin/sh\necho runs\n", UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.CreateSymbolicLink(Path.Combine(root, "link"), "dir/two.txt");
        File.CreateSymbolicLink(Path.Combine(root, "dangling"), "nowhere");

        // The machine's clock stands at a date of its own, which tar compares times with.
        foreach (string folder in (string[])["dir/deeper", "dir", "empty dir", ""])
            Directory.SetLastWriteTimeUtc(Path.Combine(root, folder), DateTime.UnixEpoch.AddDays(10_000));
        return root;

        void Write(string name, string text, UnixFileMode mode)
        {
            string path = Path.Combine(root, name);
            File.WriteAllText(path, text);
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(10_000 + name.Length));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, mode);
        }
    }
}
