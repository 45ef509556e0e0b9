using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Compares single cases with the processor that this program runs on: what reproduces a finding.</summary>
public static class SiliconComparison
{
    /// <summary>Why nothing can be compared here, or null: it takes x86-64 Linux.</summary>
    public static string? WhyNotHere => HostProcessor.WhyNot;

    /// <summary>Runs a case on both sides.</summary>
    /// <param name="text">A case as <see cref="SiliconCase"/> writes it.</param>
    /// <returns>What differs.</returns>
    /// <exception cref="FormatException">The text is no case.</exception>
    public static IReadOnlyList<Difference> Compare(string text)
    {
        var which = SiliconCase.Parse(text);
        using var runner = new SiliconRunner(HostProcessor.Model);
        return Compare(runner, which, out _);
    }

    /// <summary>Runs a case on both sides of a runner.</summary>
    internal static unsafe IReadOnlyList<Difference> Compare(SiliconRunner runner, SiliconCase which, out Instruction instruction)
    {
        var encodings = new EncodingGenerator(new CaseRandom(0), runner.Model.Vendor);
        instruction = encodings.Decode(which.Code, which.Bitness, which.Address - UserSegments.BaseOf(UserSegments.CodeFor(which.Bitness)));
        runner.Begin();
        which.Image.CopyTo(runner.Images);
        which.Data.CopyTo(runner.Data);
        ref CaseInput input = ref runner.Add(runner.Place(new Snippet(instruction, which.Code, which.Address, which.Bitness, 1, null)));
        for (int i = 0; i < 16; i++)
            input.Registers[i] = which.Registers[i];
        input.Flags = which.Flags;
        input.FsBase = which.FsBase;
        input.GsBase = which.GsBase;
        input.SetSegments(which.Bitness, which.Address, which.DataSelector);
        input.Length = which.Code.Length;
        input.ImageAddress = WorkerLayout.Shared + WorkerLayout.ImagesOffset;
        IReadOnlyList<Difference> found = [];
        runner.Run((_, differences, known) => found = differences is null || known >= 0 ? [] : differences);
        return found;
    }

    /// <summary>A case of a runner's batch on its own.</summary>
    internal static unsafe SiliconCase Extract(SiliconRunner runner, int index)
    {
        ref CaseInput input = ref runner.Input(index);
        Snippet snippet = runner.SnippetOf(index);
        var result = new SiliconCase
        {
            Bitness = snippet.Bitness,
            Code = snippet.Code,
            Address = snippet.Address,
            DataSelector = (ushort)input.DataSelector,
            Flags = input.Flags,
            FsBase = input.FsBase,
            GsBase = input.GsBase,
        };
        for (int i = 0; i < 16; i++)
            result.Registers[i] = input.Registers[i];
        runner.Images.Slice(input.Image * WorkerLayout.ImageStride, WorkerLayout.ImageSize).CopyTo(result.Image);
        runner.Data.CopyTo(result.Data);
        return result;
    }
}
