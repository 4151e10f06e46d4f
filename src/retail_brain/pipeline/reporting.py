def write_report(stores, result, metrics):
    return ""
