using System.Runtime.InteropServices;

namespace SyscallExplorer.Silicon;

/// <summary>Reads an outcome as the worker wrote it.</summary>
internal static unsafe class NativeOutcome
{
    private const int SigVtAlrm = 26;
    private const int PageFault = 14;

    /// <summary>Where struct sigcontext holds RAX to R15.</summary>
    private static readonly int[] InSignalContext =
    [
        SignalContext.Rax, SignalContext.Rcx, SignalContext.Rdx, SignalContext.Rbx, SignalContext.Rsp, SignalContext.Rbp, SignalContext.Rsi, SignalContext.Rdi,
        SignalContext.R8, SignalContext.R8 + 1, SignalContext.R8 + 2, SignalContext.R8 + 3, SignalContext.R8 + 4, SignalContext.R8 + 5, SignalContext.R8 + 6,
        SignalContext.R8 + 7,
    ];

    /// <summary>Reads one outcome.</summary>
    /// <param name="record">Where it begins.</param>
    /// <param name="input">The case.</param>
    /// <param name="before">The data area before the case.</param>
    /// <param name="end">What is filled in.</param>
    /// <returns>Where the next one begins.</returns>
    public static byte* Read(byte* record, in CaseInput input, ReadOnlySpan<byte> before, EndState end)
    {
        ulong* words = (ulong*)record;
        ushort* selectors = (ushort*)(record + OutputField.Selectors);
        int signal = *(int*)(record + OutputField.Signal);
        for (int i = 0; i < 4; i++)
            end.Selectors[i] = selectors[i];
        if (signal == 0)
        {
            for (int i = 0; i < 16; i++)
                end.Registers[i] = words[i];
            end.Kind = EndKind.Completed;
            end.Flags = *(ulong*)(record + OutputField.Flags);
            end.Rip = input.Offset + (ulong)input.Length;
            end.Selectors[4] = (ushort)input.CodeSelector;
            end.Selectors[5] = *(ushort*)(record + OutputField.StackSelector);
            end.Vector = 0;
            end.ErrorCode = 0;
            end.FaultAddress = 0;
        }
        else
        {
            for (int i = 0; i < 16; i++)
                end.Registers[i] = words[InSignalContext[i]];
            end.Kind = signal == SigVtAlrm ? EndKind.Endless : EndKind.Fault;
            end.Flags = words[SignalContext.Flags];
            end.Rip = words[SignalContext.Rip];
            end.Vector = (int)words[SignalContext.Vector];
            end.ErrorCode = (uint)words[SignalContext.ErrorCode];
            end.FaultAddress = end.Vector == PageFault ? words[SignalContext.Cr2] : 0;
            end.Selectors[4] = (ushort)words[SignalContext.Selectors];
            end.Selectors[5] = (ushort)(words[SignalContext.Selectors] >> 48);
        }

        end.FsBase = *(ulong*)(record + OutputField.FsBase);
        end.GsBase = *(ulong*)(record + OutputField.GsBase);
        new ReadOnlySpan<byte>(record + OutputField.Image, WorkerLayout.ImageSize).CopyTo(end.Image);

        int changes = *(int*)(record + OutputField.ChangeCount);
        end.DataChanged = changes != 0;
        byte* change = record + OutputField.Changes;
        if (changes != 0)
            before.CopyTo(end.Data);
        for (int i = 0; i < changes; i++, change += WorkerLayout.ChangeSize)
            new ReadOnlySpan<byte>(change + 8, WorkerLayout.ChunkSize).CopyTo(end.Data.AsSpan((int)*(ulong*)change));
        return record + (((change - record) + 63) & -64);
    }
}
